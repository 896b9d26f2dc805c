# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a chat: greets with its own address, then gives back what it hears. Usage: ADDRESS"""

from __future__ import annotations

import asyncio
import http
import importlib
import sys
from typing import Any

ADDRESS = sys.argv[1]
# There is nothing of it on the machine that checks the types.
websockets: Any = importlib.import_module("websockets")


async def room(socket: Any) -> None:
    await socket.send(ADDRESS)
    async for message in socket:
        await socket.send(message)


async def health(path: str, _headers: Any) -> Any:
    return (http.HTTPStatus.OK, [], b"ok\n") if path == "/health" else None


async def main() -> None:
    async with websockets.serve(room, ADDRESS, 8765, process_request=health):
        await asyncio.Future()


asyncio.run(main())
