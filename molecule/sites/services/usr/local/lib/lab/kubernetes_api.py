# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Kubernetes API server, which Debian 12 does not have: TLS, /readyz, /version. Usage: ADDRESS

It stops being ready while /run/lab-unready-ADDRESS exists, and goes on listening.
"""

from __future__ import annotations

import http.server
import json
import ssl
import sys
from pathlib import Path

ADDRESS = sys.argv[1]
UNREADY = Path(f"/run/lab-unready-{ADDRESS}")


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        ready = not UNREADY.exists()
        if self.path in ("/readyz", "/livez"):
            status, body = (200, "ok") if ready or self.path == "/livez" else (500, "[-]etcd failed: reason withheld")
        elif self.path == "/version":
            status, body = 200, json.dumps({"gitVersion": "stand-in", "server": ADDRESS})
        else:
            status, body = 403, json.dumps({"kind": "Status", "reason": "Forbidden", "code": 403})
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        pass


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/etc/lab/example.com.pem")
server = http.server.ThreadingHTTPServer((ADDRESS, 6443), Api)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
