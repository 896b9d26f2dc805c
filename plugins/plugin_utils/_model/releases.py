# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distributions that a node may have, and the HAProxy of each."""

HAPROXY = {
    "debian 12": "2.6.12",
    "debian 13": "3.0.11",
    "ubuntu 22.04": "2.4.24",
    "ubuntu 24.04": "2.8.5",
}
