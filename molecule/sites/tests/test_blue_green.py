# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blue and green: testers choose, one visitor in ten is chosen, and nobody changes the colour on the way."""

from __future__ import annotations

from collections import Counter
from typing import Any

UNITS = ["nginx@117", "nginx@118", "nginx@119", "nginx@120"]
URL = "https://shop.example.com/"
BLUE, GREEN = ["198.51.100.117", "198.51.100.118"], "198.51.100.120"


def worker(page: Any) -> str:
    assert page.status == 200, page
    return str(page.body.split()[1])


def test_one_visitor_in_ten_sees_green(site: Any) -> None:
    for address in site.addresses:
        seen = Counter(body.split()[1] for body in site.bodies(address, URL, 40))
        # blue3 listens as well, but Terraform says that it is stopped.
        assert set(seen) == {*BLUE, GREEN}
        assert 3 <= seen[GREEN] <= 5


def test_testers_see_green(site: Any) -> None:
    for choice in (["--cookie", "canary=1"], ["--header", "X-Canary: 1"]):
        assert site.everywhere(lambda address, choice=choice: worker(site.browse(address, URL, *choice))) == GREEN
    for other in (["--cookie", "canary=0"], ["--header", "X-Canary: 10"]):
        pages = [site.browse(address, URL, *other) for address in site.addresses for _ in range(3)]
        assert {worker(page) for page in pages} - {GREEN}


def test_a_visitor_stays_with_the_worker(site: Any, eventually: Any) -> None:
    pages = [site.browse(site.addresses[0], URL) for _ in range(12)]
    page = next(page for page in pages if worker(page) in BLUE)
    cookie = page.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax"} <= set(cookie.replace(";", " ").split())
    visitor = ["--cookie", cookie.partition(";")[0]]

    def next_worker(address: str) -> str:
        return worker(site.browse(address, URL, *visitor))

    assert [next_worker(address) for address in site.addresses * 4] == [worker(page)] * 8
    with site.stopped(f"nginx@{worker(page).rpartition('.')[2]}"):
        moved = [site.browse(address, URL, *visitor) for address in site.addresses]
        assert [page.status for page in moved] == [200, 200]
        assert worker(page) not in {worker(other) for other in moved}
    eventually(lambda: [next_worker(address) for address in site.addresses], [worker(page)] * 2)
