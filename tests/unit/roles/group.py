# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The group of the administrators as a file of names with commas between them."""

from __future__ import annotations

# Adds to it and takes out of it as gpasswd does, which refuses to take out who is not in it.
GPASSWD = """\
case $1 in
--add) if [ -s members ]; then printf ,%s "$2" >>members; else printf %s "$2" >members; fi ;;
--delete)
    tr , '\\n' <members | grep -qx "$2" || exit 3
    kept=$(tr , '\\n' <members | grep -vx "$2" | paste -sd, -)
    printf %s "$kept" >members
    ;;
esac
"""
