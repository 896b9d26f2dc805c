# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that must match a route, and their neighbours that must not."""

from __future__ import annotations

from typing import Any

import pytest

# host, path, further header, worker that answers (worker1: none of the routes)
REQUESTS = [
    ("blog.example.com", "/", "", "worker2"),
    ("Blog.EXAMPLE.com", "/", "", "worker2"),
    ("blog.example.com:8080", "/", "", "worker2"),
    ("blog.example.com.", "/", "", "worker2"),
    ("blog.example.com.:80", "/", "", "worker2"),
    ("www.example.com", "/", "", "worker1"),
    ("notblog.example.com", "/", "", "worker1"),
    ("blog.example.com.evil.test", "/", "", "worker1"),
    ("api.example.com", "/v2", "", "worker2"),
    ("api.example.com", "/v2/", "", "worker2"),
    ("api.example.com", "/v2/users?page=1", "", "worker2"),
    ("api.example.com", "/v2?page=1", "", "worker2"),
    ("API.example.com:80", "/v2/users", "", "worker2"),
    ("api.example.com", "/v2beta", "", "worker1"),
    ("api.example.com", "/V2", "", "worker1"),
    ("api.example.com", "/v1/v2", "", "worker1"),
    ("api.example.com", "/a/../v2", "", "worker1"),
    ("api.example.com", "/", "", "worker1"),
    ("www.example.com", "/v2", "", "worker1"),
    ("www.example.com", "/", "X-Canary: 1", "worker3"),
    ("www.example.com", "/", "x-canary: 1", "worker3"),
    ("www.example.com", "/", "X-Canary: 10", "worker1"),
    ("www.example.com", "/", "X-Canary: 0", "worker1"),
    ("www.example.com", "/", "X-Canary-Not: 1", "worker1"),
    ("www.example.com", "/", "Cookie: canary=1", "worker3"),
    ("www.example.com", "/", "Cookie: other=0; canary=1", "worker3"),
    ("www.example.com", "/", "Cookie: canary=10", "worker1"),
    ("www.example.com", "/", "Cookie: Canary=1", "worker1"),
    ("www.example.com", "/", "Cookie: not-canary=1", "worker1"),
    ("blog.example.com", "/", "Cookie: canary=1", "worker2"),
]


@pytest.mark.parametrize(("host", "path", "header", "worker"), REQUESTS)
def test_route(lab: Any, balancer: Any, host: str, path: str, header: str, worker: str) -> None:
    options = ["--path-as-is", "--header", f"Host: {host}"]
    if header:
        options += ["--header", header]
    assert lab.ask(f"http://{balancer.address}{path}", *options).body == worker
