# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a balancer has without being asked, each with its reason. A variable of the same name replaces it."""

from __future__ import annotations

import typing as t

ADMIN_GROUP = "balancer-admins"
ADMIN_SOCKET = "/run/haproxy/admin.sock"
TREES = "/etc/haproxy/trees"

# Mozilla's intermediate guidelines 6.0, with the curves that OpenSSL 3.0 knows.
TLS12 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
TLS13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

GLOBAL: list[tuple[str, t.Any, str]] = [
    ("log", "/dev/log local0", "the distribution's unit binds the journal's socket into the chroot"),
    ("chroot", "/var/lib/haproxy", "a process that is taken over sees an empty directory"),
    ("user", "haproxy", "no privilege after the start"),
    ("group", "haproxy", "no privilege after the start"),
    ("stats_timeout", "30s", "an administrator at the runtime socket types slowly"),
    ("hard_stop_after", "30m", "long connections would keep old processes for hours after a reload"),
    ("ssl_default_bind_options", "ssl-min-ver TLSv1.2 no-tls-tickets", "nothing older is safe"),
    ("ssl_default_bind_ciphers", TLS12, "forward secrecy and authenticated encryption only"),
    ("ssl_default_bind_ciphersuites", TLS13, "forward secrecy and authenticated encryption only"),
    ("ssl_default_bind_curves", "X25519:prime256v1:secp384r1", "the curves of that guideline"),
    ("ssl_default_server_options", "ssl-min-ver TLSv1.2", "nothing older is safe"),
    ("ssl_server_verify", "required", "TLS to a worker that is not verified protects nothing"),
]

DEFAULTS: list[tuple[str, t.Any, str]] = [
    ("log", "global", "without it nothing is logged"),
    ("retries", 3, "a connection that a worker refuses is tried again"),
    ("http_reuse", "safe", "connections to workers are kept and shared where a failure can be repaired"),
]

TIMEOUTS: list[tuple[str, str, str]] = [
    ("client", "30s", "a silent client does not hold a connection"),
    ("client-fin", "10s", "a client that half closed and went away is let go"),
    ("http-request", "10s", "a client that sends its header byte by byte is cut off"),
    ("http-keep-alive", "10s", "an idle client does not hold a connection"),
    ("connect", "3s", "a worker that does not answer is left soon: retries and redispatch follow"),
    ("server", "30s", "a worker that hangs gives its requests back"),
    ("server-fin", "10s", "a worker that half closed and went away is let go"),
    ("queue", "10s", "waiting longer than this helps nobody"),
    ("check", "2s", "a worker that accepts and does not answer is found"),
    ("tarpit", "10s", "a held attacker costs a connection here too"),
    ("tunnel", "1h", "websockets and TCP sessions are silent for long"),
]

# (option, the sides that have it, mode or empty for both, reason)
OPTIONS: list[tuple[str, tuple[str, ...], str, str]] = [
    ("redispatch", ("defaults",), "", "a request goes to another worker when the chosen one died"),
    ("dontlognull", ("defaults",), "", "probes that send nothing do not fill the log"),
    ("httplog", ("frontend",), "http", "one line says everything about a request"),
    ("tcplog", ("frontend",), "tcp", "one line says everything about a connection"),
    ("forwardfor", ("frontend",), "http", "workers see the address of the client"),
    ("idle-close-on-response", ("frontend",), "http", "after a reload idle clients leave between two answers"),
]

# Faster than HAProxy's own at noticing, without more checks while all is well.
DEFAULT_SERVER = {"inter": "2s", "fastinter": "500ms", "fall": 3, "rise": 2, "init_addr": "last,libc,none"}

ERROR_PAGES = {
    400: ("Bad Request", "The request could not be understood."),
    403: ("Forbidden", "The request is not allowed."),
    408: ("Request Timeout", "The request took too long to arrive."),
    500: ("Internal Server Error", "Something went wrong."),
    502: ("Bad Gateway", "The answer of the server behind could not be understood."),
    503: ("Service Unavailable", "No server can answer at the moment."),
    504: ("Gateway Timeout", "The server behind took too long to answer."),
}


def error_page(status: int) -> str:
    title, sentence = ERROR_PAGES[status]
    body = f"<!doctype html><meta charset=utf-8><title>{status} {title}</title><h1>{title}</h1><p>{sentence}</p>\n"
    head = f"HTTP/1.1 {status} {title}\r\ncontent-type: text/html; charset=utf-8\r\ncache-control: no-store\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}"
