# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PHP behind FastCGI, without a web server between."""

from __future__ import annotations

from typing import Any

UNITS = ["php@120", "php@121"]
URL = "https://www.example.com"


def test_both_workers_run_php(site: Any) -> None:
    for address in site.addresses:
        assert {body.split()[0] for body in site.bodies(address, f"{URL}/", 6)} == {"php120", "php121"}


def test_a_script_learns_its_path_and_that_it_was_tls(site: Any) -> None:
    words = site.everywhere(lambda address: site.browse(address, f"{URL}/index.php/news/7").body.split()[1:4])
    assert words == ["/index.php", "/news/7", "on"]


def test_only_our_cdn_is_believed_who_the_client_is(site: Any) -> None:
    claim = ["--header", "X-Forwarded-For: 203.0.113.7"]

    def seen(address: str) -> list[str]:
        pages = [site.browse(address, f"{URL}/", *claim, machine=machine) for machine in ("client", "services")]
        return [page.body.split()[4] for page in pages]

    assert site.everywhere(seen) == ["203.0.113.7", "198.51.100.100"]


def test_the_administration_is_for_its_group(site: Any) -> None:
    def statuses(address: str) -> list[int]:
        logins: tuple[list[str], ...] = (
            [],
            ["--user", "bob:builder"],
            ["--user", "alice:guess"],
            ["--user", "alice:wonderland"],
        )
        return [site.browse(address, f"{URL}/admin/", *login).status for login in logins]

    assert site.everywhere(statuses) == [401, 401, 401, 200]
    assert site.everywhere(lambda address: site.browse(address, f"{URL}/").status) == 200


def test_requests_go_on_when_a_worker_is_gone(site: Any) -> None:
    with site.stopped("php@120"):
        for address in site.addresses:
            assert {body.split()[0] for body in site.bodies(address, f"{URL}/", 4)} == {"php121"}


def test_guessing_passwords_ends_after_ten_attempts(site: Any) -> None:
    for address in site.addresses:
        curl = f"curl -sS --http1.1 --cacert /tmp/example-authority.pem --connect-to ::{address}:"
        ask = f"{curl} -o /dev/null -w '%{{http_code}} ' -d x=1 {URL}/login.php"
        statuses = site.services.run(f"for i in $(seq 12); do {ask}; done").split()
        assert statuses == ["200"] * 10 + ["429"] * 2
        assert site.browse(address, f"{URL}/login.php", "--data", "x=1").status == 200
        assert site.browse(address, f"{URL}/", machine="services").status == 200
