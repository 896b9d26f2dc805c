# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application as many are: five seconds from its start to its first answer, a second to stop.

The release `broken` starts and is never well. / answers with machine and release, /slow/10 after ten seconds, /requests
with the number of requests so far, /healthz with 200 or 503.
"""

from __future__ import annotations

import http.server
import os
import signal
import threading
import time

NEEDS_TO_START = 5
STARTED = time.monotonic()
RELEASE = os.environ["RELEASE"]
STOPPING = threading.Event()
SERVED: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head of an answer does not wait for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        started = RELEASE != "broken" and time.monotonic() - STARTED >= NEEDS_TO_START
        if self.path == "/requests":
            self.answer(200, str(len(SERVED)))
        elif self.path == "/healthz":
            well = started and not STOPPING.is_set()
            self.answer(200 if well else 503, "well" if well else "not well")
        else:
            SERVED.append(self.path)
            if self.path.startswith("/slow/"):
                time.sleep(float(self.path[len("/slow/") :]))
            self.answer(200 if started else 500, f"{os.uname().nodename} {RELEASE}")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_words: object) -> None:
        """Requests are counted, not logged."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


signal.signal(signal.SIGUSR1, lambda _number, _frame: STOPPING.set())
Server(("", 8080), Handler).serve_forever()
