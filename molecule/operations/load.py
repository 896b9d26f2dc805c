# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that never stop: load.py STOP ADDRESS...

For each address two that keep their connection and two that open one for each request, until the file STOP exists.
Prints JSON: how often each worker's release answered, and everything that was not an answer of 200.
"""

from __future__ import annotations

import collections
import http.client
import json
import pathlib
import sys
import threading
import time

CLIENTS = 2
PAUSE = 0.01
stop, addresses = pathlib.Path(sys.argv[1]), sys.argv[2:]
answers: collections.Counter[str] = collections.Counter()
failures: list[str] = []


def ask(address: str, stays: bool) -> None:
    connection = http.client.HTTPConnection(address, timeout=20)
    while not stop.exists():
        began = time.monotonic()
        try:
            connection.request("GET", "/", headers={} if stays else {"Connection": "close"})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise http.client.HTTPException(f"{answer.status} {text[:60]!r}")
            answers[f"{address} {text}"] += 1
        except (OSError, http.client.HTTPException) as exc:
            kind = "stays" if stays else "closes"
            failures.append(f"{address} ({kind}) after {time.monotonic() - began:.3f} s: {exc!r}")
            connection.close()
        if not stays:
            connection.close()
        time.sleep(PAUSE)


threads = [threading.Thread(target=ask, args=(a, stays)) for a in addresses for stays in (True, False) * CLIENTS]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"answers": answers, "failures": failures}))
