# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What line 5.6 takes for named, for excepted, and for what README.md has to be typed."""

from __future__ import annotations

import re
import subprocess

from tests.proof import line_5_6
from tests.proof.lab import ROOT

CHECKED = """
TASK [hardened.balancer.baseline : Install what the collection needs (foreseen)] ***
changed: [lb1] =>
    msg: 'would be installed: unattended-upgrades, sudo'

TASK [hardened.balancer.baseline : Write the settings] ***
--- before: /etc/sysctl.d/zz-hardened-balancer.conf
+++ after: /etc/sysctl.d/zz-hardened-balancer.conf
@@ -0,0 +1 @@
+# see /etc/other
changed: [lb1] => (item=/etc/sysctl.d/zz-hardened-balancer.conf)
--- before: /etc/sudoers.d/hardened-balancer (absent)
+++ after: /etc/sudoers.d/hardened-balancer
ok: [lb1] => (item=/etc/untouched)
"""
DONE = {
    "files": {
        "/etc/sysctl.d/zz-hardened-balancer.conf": "none -> file",
        "/etc/sudoers.d/hardened-balancer": "none -> file",
        "/etc/init.d/brought": "none -> file",
        "/etc/hidden": "none -> file",
    },
    "packages": {"unattended-upgrades": "none -> ii 1", "ucf": "none -> ii 2"},
    "units": {"unattended-upgrades.service": "none -> enabled active", "hidden.service": "none -> enabled active"},
}


def test_what_a_check_shows_as_changed_is_named_and_nothing_else() -> None:
    words = line_5_6.named(CHECKED)
    assert {"unattended-upgrades", "sudo", "/etc/sudoers.d/hardened-balancer"} <= words
    assert not {"/etc/untouched", "/etc/other"} & words
    brought = {"/etc/init.d/brought", "/lib/systemd/system/unattended-upgrades.service"}
    assert line_5_6.unnamed(DONE, words, brought) == ["files: /etc/hidden", "packages: ucf", "units: hidden.service"]
    assert [word for word in words if line_5_6.named_in_vain(word, DONE)] == []
    assert line_5_6.named_in_vain("/etc/hidden-too", DONE)


def test_an_exception_is_for_whole_names() -> None:
    rest, had = line_5_6.besides(["files: /etc/passwd", "files: /etc/passwd.new: none -> x"], line_5_6.STAYS)
    assert rest == ["files: /etc/passwd.new: none -> x"]
    assert had == ["  accounts that packages have made, and copies of before: /etc/passwd"]
    excepted = "/etc/apt/apt.conf.d/50unattended-upgrades"
    assert line_5_6.besides([f"files: {excepted}"], line_5_6.EXCEPTIONS)[0] == []
    assert [pattern for pattern in line_5_6.EXCEPTIONS if re.fullmatch(pattern, "/etc/ssh/sshd_config")] == []


def test_the_commands_for_leaving_are_shell_and_name_every_place_of_ours() -> None:
    text = line_5_6.section()
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    done = subprocess.run(["sh", "-n", "-c", commands], check=False, capture_output=True, text=True)
    assert done.stderr == ""
    templates = (ROOT / "roles").glob("*/templates/etc/**/*.j2")
    written = {path.as_posix().partition("/templates")[2].removesuffix(".j2") for path in templates}
    assert len(written) > 8
    # Of the first the whole directory goes, the second goes with its package.
    elsewhere = ("/etc/hardened-balancer/", "/etc/fail2ban/")
    assert [path for path in written if path not in commands and not path.startswith(elsewhere)] == []
