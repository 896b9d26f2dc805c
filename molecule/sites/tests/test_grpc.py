# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gRPC: HTTP/2 from end to end, each call to another worker, workers found by DNS. The services are stand-ins."""

from __future__ import annotations

from typing import Any

UNITS = ["grpc@124", "grpc@125", "dns"]
ONE = "['hello you from 198.51.100.124']"
BOTH = "['hello you from 198.51.100.124', 'hello you from 198.51.100.125']"
BASICS = """
import grpc, pathlib, sys
trust = grpc.ssl_channel_credentials(pathlib.Path("/tmp/example-authority.pem").read_bytes())
options = [("grpc.ssl_target_name_override", "api.example.com"), ("grpc.default_authority", "api.example.com")]
channel = grpc.secure_channel(f"{sys.argv[1]}:443", trust, options)
def hello(service):
    return channel.unary_unary(f"/example.{service}/Hello")(b"you", timeout=5).decode()
"""


def call(site: Any, address: str, ending: str) -> str:
    return str(site.python("services", BASICS + ending, address))


def workers(site: Any, service: str) -> list[str]:
    ask = f"print(sorted({{hello('{service}') for _ in range(8)}}))"
    return [call(site, address, ask) for address in site.addresses]


def test_calls_of_one_connection_go_to_all_workers(site: Any, eventually: Any) -> None:
    eventually(lambda: workers(site, "Greeter"), [BOTH] * 2)
    assert workers(site, "Ledger") == [BOTH] * 2


def test_answers_stream_and_trailers_arrive(site: Any) -> None:
    ask = """
print(len(list(channel.unary_stream("/example.Greeter/Count")(b"100", timeout=5))))
answer, state = channel.unary_unary("/example.Ledger/Hello").with_call(b"you", timeout=5)
print(dict(state.trailing_metadata())["worker"] in answer.decode())
"""
    assert site.everywhere(lambda address: call(site, address, ask)) == "100\nTrue"


def test_a_service_that_is_not_there_is_unimplemented(site: Any) -> None:
    ask = """
try:
    hello("Unknown")
except grpc.RpcError as error:
    print(error.code())
"""
    assert site.everywhere(lambda address: call(site, address, ask)) == "StatusCode.UNIMPLEMENTED"


def test_nothing_but_http2_is_offered(site: Any) -> None:
    for address in site.addresses:
        shown = site.client.run(f"openssl s_client -connect {address}:443 -alpn http/1.1,h2 </dev/null 2>/dev/null")
        assert "ALPN protocol: h2" in shown
        assert site.browse(address, "https://api.example.com/example.Greeter/Hello", "--http2").status == 405


def test_who_is_gone_from_dns_gets_nothing_more(site: Any, eventually: Any) -> None:
    site.services.run("sed -i '/125/s/^/#/' /etc/lab/greeters.hosts && systemctl reload lab-dns")
    try:
        eventually(lambda: workers(site, "Greeter"), [ONE] * 2)
    finally:
        site.services.run("sed -i 's/^#//' /etc/lab/greeters.hosts && systemctl reload lab-dns")
    eventually(lambda: workers(site, "Greeter"), [BOTH] * 2)


def test_calls_go_on_when_a_worker_is_gone(site: Any) -> None:
    with site.stopped("grpc@125"):
        for service in ("Greeter", "Ledger"):
            assert workers(site, service) == [ONE] * 2
