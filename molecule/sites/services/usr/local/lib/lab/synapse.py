# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Synapse, the Matrix homeserver, which Debian 12 does not have. Usage: ADDRESS

It says which worker was asked for what.
"""

from __future__ import annotations

import http.server
import json
import sys

ADDRESS = sys.argv[1]


class Synapse(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer = "OK" if self.path == "/health" else json.dumps({"worker": ADDRESS, "path": self.path})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        pass


http.server.ThreadingHTTPServer((ADDRESS, 8008), Synapse).serve_forever()
