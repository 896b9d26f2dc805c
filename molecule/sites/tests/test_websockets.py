# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Websockets: people of a room meet on one worker, and no page of others opens a socket. The chat is a stand-in."""

from __future__ import annotations

from typing import Any

UNITS = ["websockets@122", "websockets@123"]
BASICS = """
import asyncio, ssl, sys, websockets
trust = ssl.create_default_context(cafile="/tmp/example-authority.pem")
def socket(path, **more):
    where = {"host": sys.argv[1], "port": 443, "ssl": trust, "server_hostname": "chat.example.com"}
    return websockets.connect(f"wss://chat.example.com{path}", **where, **more)
async def meet(path, **more):
    async with socket(path, **more) as chat:
        worker = await chat.recv()
        await chat.send("hello")
        assert await chat.recv() == "hello"
        return worker, chat.response_headers.get("set-cookie", "")
"""


def chat(site: Any, address: str, ending: str) -> str:
    return str(site.python("services", BASICS + ending, address))


def test_one_client_comes_to_one_worker_on_both_balancers(site: Any, eventually: Any) -> None:
    ask = "print({asyncio.run(meet('/rooms/1'))[0] for _ in range(3)})"
    here = chat(site, site.addresses[0], ask)
    assert here in ("{'198.51.100.122'}", "{'198.51.100.123'}")
    # The other balancer learns it at once.
    assert chat(site, site.addresses[1], ask) == here


def test_a_cookie_leads_back_to_the_lobby(site: Any) -> None:
    ask = """
worker, cookie = asyncio.run(meet("/lobby"))
assert "HttpOnly" in cookie and "Secure" in cookie
again = {asyncio.run(meet("/lobby", extra_headers={"Cookie": cookie.split(";")[0]}))[0] for _ in range(4)}
print(again == {worker}, len({asyncio.run(meet("/lobby"))[0] for _ in range(4)}))
"""
    assert [chat(site, address, ask) for address in site.addresses] == ["True 2", "True 2"]


def test_a_page_of_somebody_else_opens_no_socket(site: Any) -> None:
    ask = """
async def status(origin):
    try:
        async with socket("/lobby", origin=origin):
            return 101
    except websockets.InvalidStatusCode as refused:
        return refused.status_code
print([asyncio.run(status(origin)) for origin in ("https://chat.example.com", "https://evil.example", None)])
"""
    assert site.everywhere(lambda address: chat(site, address, ask)) == "[101, 403, 101]"


def test_when_a_worker_hangs_its_people_meet_on_another(site: Any) -> None:
    ask = """
async def closed():
    async with socket("/rooms/1") as chat:
        print(await chat.recv(), flush=True)
        try:
            await asyncio.wait_for(chat.recv(), 20)
        except websockets.ConnectionClosed:
            print(asyncio.get_running_loop().time(), flush=True)
            return "closed"
print(asyncio.run(closed()), flush=True)
print(asyncio.run(meet("/rooms/1"))[0])
"""
    site.services.run("cat >/tmp/chat.py <<'END'\n" + BASICS + ask + "END")
    session = site.session("services", f"python3 /tmp/chat.py {site.addresses[0]}")
    before = session.stdout.readline().strip()
    with site.hanging(f"websockets@{before.rpartition('.')[2]}"):
        said = session.communicate(timeout=25)[0].split()
    assert said[1] == "closed"
    assert {before, said[2]} == {"198.51.100.122", "198.51.100.123"}


def test_the_balancers_talk_to_each_other_only(site: Any) -> None:
    assert site.open_ports(80, 443, 10000) == {80, 443}
    for balancer in site.balancers:
        assert " 10000 " in balancer.run("ss -Htln | tr ':' ' '")
