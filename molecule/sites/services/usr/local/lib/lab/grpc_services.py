# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for two services over gRPC: a greeter without TLS (50051) and a ledger with it (50052). Usage: ADDRESS

Messages are bytes: what is shown is how calls travel, not what is in them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

ADDRESS = sys.argv[1]
# There is nothing of it on the machine that checks the types.
grpc: Any = importlib.import_module("grpc")


def hello(request: bytes, context: Any) -> bytes:
    context.set_trailing_metadata((("worker", ADDRESS),))
    return b"hello " + request + b" from " + ADDRESS.encode()


def count(request: bytes, _context: Any) -> Iterator[bytes]:
    yield from (str(number).encode() for number in range(int(request)))


METHODS = {"Hello": grpc.unary_unary_rpc_method_handler(hello), "Count": grpc.unary_stream_rpc_method_handler(count)}
PEM = Path("/etc/lab/example.com.pem").read_bytes()

server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers(
    tuple(grpc.method_handlers_generic_handler(f"example.{name}", METHODS) for name in ("Greeter", "Ledger"))
)
server.add_insecure_port(f"{ADDRESS}:50051")
server.add_secure_port(f"{ADDRESS}:50052", grpc.ssl_server_credentials([(PEM, PEM)]))
server.start()
server.wait_for_termination()
