# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a balancer has without being asked, each with its reason. A variable of the same name replaces it."""

from __future__ import annotations

import http
import typing as t

ADMIN_GROUP = "balancer-admins"
ADMIN_SOCKET = "/run/haproxy/admin.sock"
TREES = "/etc/haproxy/trees"
TREE = f"{TREES}/@digest@"

# Mozilla's intermediate guidelines 6.0, with the curves that OpenSSL 3.0 knows.
TLS12 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
TLS13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

GLOBAL: list[tuple[str, t.Any, str]] = [
    (
        "log",
        "/dev/log len 8192 local0",
        "the distribution's unit binds the journal's socket into the chroot; JSON is long",
    ),
    ("chroot", "/var/lib/haproxy", "a process that is taken over sees an empty directory"),
    ("user", "haproxy", "no privilege after the start"),
    ("group", "haproxy", "no privilege after the start"),
    ("stats_timeout", "30s", "an administrator at the runtime socket types slowly"),
    (
        "server_state_file",
        "/var/lib/hardened-balancer/haproxy.state",
        "a new process knows which servers were down, drained or in maintenance",
    ),
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
    ("load_server_state_from_file", "global", "the same, for every backend"),
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
    ("redispatch 1", ("defaults",), "", "a request goes to another worker when the chosen one died, at once"),
    ("dontlognull", ("defaults",), "", "probes that send nothing do not fill the log"),
    ("httplog", ("frontend",), "http", "one line says everything about a request"),
    ("tcplog", ("frontend",), "tcp", "one line says everything about a connection"),
    ("forwardfor", ("frontend",), "http", "workers see the address of the client"),
    ("idle-close-on-response", ("frontend",), "http", "after a reload idle clients leave between two answers"),
]

# Faster than HAProxy's own at noticing, without more checks while all is well.
DEFAULT_SERVER = {"inter": "2s", "fastinter": "500ms", "fall": 3, "rise": 2, "init_addr": "last,libc,none"}

# In mode: http.
RETRY_ON = ("conn-failure empty-response", "a worker that dies before its answer costs no request")
RETRIED = ("GET HEAD OPTIONS", "others may have had their effect already")

HASH_TYPE = ("consistent", "a worker more or less moves its share of the keys only, and all balancers agree")

# name: [(header, value or None to remove it, reason)]; set only where the worker did not say it itself
HEADER_PRESETS: dict[str, list[tuple[str, str | None, str]]] = {
    "hsts": [("strict-transport-security", "max-age=31536000", "browsers come back by TLS only")],
    "security": [
        ("x-content-type-options", "nosniff", "no guessing of types"),
        ("x-frame-options", "SAMEORIGIN", "no page of others around ours"),
        ("referrer-policy", "strict-origin-when-cross-origin", "others learn the origin, not the path"),
    ],
    "hide_server": [
        ("server", None, "what the workers run is nobody's business"),
        ("x-powered-by", None, "the same"),
    ],
    "no_store": [("cache-control", "no-store", "nothing is kept on the way")],
    "no_index": [("x-robots-tag", "noindex, nofollow", "search engines stay out")],
}

# What answers are compressed, where `compression: true`: pictures, films and archives are compressed already.
COMPRESSION_ALGORITHMS = ["gzip"]
COMPRESSION_TYPES = [
    *("text/html", "text/plain", "text/css", "text/javascript", "text/xml", "text/csv"),
    *("application/javascript", "application/json", "application/xml", "application/manifest+json"),
    *("application/rss+xml", "application/atom+xml", "application/wasm", "image/svg+xml"),
]

# Fields of `log_format: json`: (name, HAProxy's format, whether it is a number, mode or empty for both)
LOG_JSON: list[tuple[str, str, bool, str]] = [
    ("time", "%Ts.%ms", True, ""),
    ("client", "%ci", False, ""),
    ("client_port", "%cp", True, ""),
    ("frontend", "%f", False, ""),
    ("backend", "%b", False, ""),
    ("server", "%s", False, ""),
    ("tls", "%sslv", False, ""),
    ("method", "%HM", False, "http"),
    ("host", "%[var(txn.log_host),json(utf8s)]", False, "http"),
    ("uri", "%[capture.req.uri,json(utf8s)]", False, "http"),
    ("protocol", "%HV", False, "http"),
    ("status", "%ST", True, "http"),
    ("user_agent", "%[var(txn.log_user_agent),json(utf8s)]", False, "http"),
    ("referer", "%[var(txn.log_referer),json(utf8s)]", False, "http"),
    ("request_ms", "%TR", True, "http"),
    ("queue_ms", "%Tw", True, ""),
    ("connect_ms", "%Tc", True, ""),
    ("response_ms", "%Tr", True, "http"),
    ("total_ms", "%Ta", True, "http"),
    ("total_ms", "%Tt", True, "tcp"),
    ("bytes_read", "%B", True, ""),
    ("bytes_uploaded", "%U", True, ""),
    ("state", "%tsc", False, "http"),
    ("state", "%ts", False, "tcp"),
    ("retries", "%rc", False, ""),
    ("connections", "%ac", True, ""),
]
# (field, header of the request); what is longer is cut, for a log line has an end
LOG_JSON_HEADERS = [("host", "host"), ("user_agent", "user-agent"), ("referer", "referer")]
LOG_JSON_HEADER_MAX = 200

ERROR_PAGES = {
    400: ("Bad Request", "The request could not be understood."),
    403: ("Forbidden", "The request is not allowed."),
    408: ("Request Timeout", "The request took too long to arrive."),
    500: ("Internal Server Error", "Something went wrong."),
    502: ("Bad Gateway", "The answer of the server behind could not be understood."),
    503: ("Service Unavailable", "No server can answer at the moment."),
    504: ("Gateway Timeout", "The server behind took too long to answer."),
}


def error_page(status: int, page: str = "") -> str:
    """A whole answer as HAProxy sends it: ours, or with a page of the user's."""
    title, sentence = ERROR_PAGES.get(status, (http.HTTPStatus(status).phrase, ""))
    ours = f"<!doctype html><meta charset=utf-8><title>{status} {title}</title><h1>{title}</h1><p>{sentence}</p>\n"
    body = page or ours
    head = f"HTTP/1.1 {status} {title}\r\ncontent-type: text/html; charset=utf-8\r\ncache-control: no-store\r\n"
    return f"{head}content-length: {len(body.encode())}\r\n\r\n{body}"
