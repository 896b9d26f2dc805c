# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What features print, and what a real HAProxy on loopback does with it."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardened.balancer.plugins.plugin_utils._model import features, hardened, rules, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.check import check
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.features import forwarded, logs
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.problems import Problems
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.site import Site

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
SHAPES = {"frontend": shapes.FRONTEND, "backend": shapes.BACKEND, "listen": shapes.LISTEN}
SITE = Site(
    names={"userlist": {"ops": "haproxy_userlists[0]"}, "cache": {"small": "haproxy_caches[0]"}},
    modes={},
    conditions={},
    certificates={},
    authorities={},
)
FAMILIES = ("http_request", "http_response", "http_after_response")
CLEANED = [
    "http-request del-header forwarded -m beg",
    "http-request del-header x-forwarded -m beg",
    "http-request del-header x_forwarded -m beg",
    "http-request set-header x-forwarded-proto %[ssl_fc,iif(https,http)]",
]


def section(kind: str, given: dict[str, t.Any]) -> dict[str, t.Any]:
    problems = Problems()
    binds = {} if kind == "backend" else {"binds": [{"port": 80}]}
    checked = check(SHAPES[kind], {"name": "web", **binds, **given}, "here", problems)
    assert problems == []
    return {**checked, "kind": kind, "path": "here"}


def lower(kind: str = "frontend", **given: t.Any) -> tuple[features.Lowered, list[str]]:
    problems = Problems()
    lowered = features.lower(section(kind, given), SITE, problems)
    return lowered, [str(problem) for problem in problems]


def before(kind: str = "frontend", family: str = "http_request", **given: t.Any) -> list[str]:
    lowered, problems = lower(kind, **given)
    assert problems == []
    return [line.text for line in lowered.before.get(family, [])]


def test_what_clients_say_of_themselves_is_removed_without_being_asked() -> None:
    assert before() == CLEANED
    assert before("listen") == CLEANED
    assert before("backend") == []
    assert before(mode="tcp") == []


def test_only_what_trusted_proxies_said_is_added_to() -> None:
    for given, arguments in (
        ({}, ""),
        ({"trusted": ["10.0.0.0/8"]}, "if-none"),
        ({"trusted": ["10.0.0.0/8"], "header": "forwarded"}, ""),
    ):
        assert forwarded.forwardfor({"kind": "frontend", "forwarded": given}) == arguments


def test_many_networks_take_several_lines() -> None:
    networks = [f"10.0.{i}.0/24" for i in range(90)]
    for lines in (before(forwarded={"trusted": networks}), before(maintenance={"except": networks})):
        assert len([line for line in lines if " bool(true) if { src " in line]) == 3
        assert all(len(line.split()) <= rules.WORDS for line in lines)


def test_the_order_of_a_request() -> None:
    lines = before(
        log_format="json",
        redirect_https=True,
        maintenance=True,
        cors={"origins": "https://a.example"},
        basic_auth={"userlist": "ops"},
        cache="small",
        kind="listen",
    )
    marks = ["set-var(txn.log_host)", "del-header", "redirect", "return status 503", "return status 204", "auth realm"]
    found = [next(i for i, line in enumerate(lines) if mark in line) for mark in marks]
    assert found == sorted(found)


def test_a_cache_stands_behind_the_rules() -> None:
    lowered, _problems = lower("backend", cache="small")
    assert {family: [line.text for line in lines] for family, lines in lowered.after.items()} == {
        "http_request": ["http-request cache-use small"],
        "http_response": ["http-response cache-store small"],
    }


def test_maintenance_without_exception_leaves_no_warning() -> None:
    assert before(maintenance=True)[-1].endswith(" if TRUE")
    assert before(maintenance={"except": ["10.0.0.0/8"]})[-1].endswith(" if !{ src 10.0.0.0/8 }")
    assert before(maintenance=False, redirect_https=False, compression=False) == CLEANED


def test_a_long_maintenance_page_is_a_file() -> None:
    lowered, _problems = lower("backend", maintenance={"body": "a\nb"})
    assert [tuple(file) for file in lowered.files] == [("answers/backend.web.maintenance.html", "a\nb")]


def test_basic_auth() -> None:
    assert before("backend", basic_auth={"userlist": "ops", "groups": ["a", "b"], "realm": "My site"}) == [
        "http-request auth realm 'My site' unless { http_auth_group(ops) a b }"
    ]
    assert before("backend", basic_auth={"userlist": "ops", "if": "A or B"}) == [
        "http-request auth realm Restricted if A !{ http_auth(ops) } or B !{ http_auth(ops) }"
    ]


def test_header_presets() -> None:
    lines = before("backend", "http_after_response", header_presets=["hsts", "hide_server", "no_store"])
    assert lines == [
        "http-after-response set-header strict-transport-security max-age=31536000"
        " if { ssl_fc } !{ res.hdr(strict-transport-security) -m found }"
        " || { var(txn.https) -m found } !{ res.hdr(strict-transport-security) -m found }",
        "http-after-response del-header server",
        "http-after-response del-header x-powered-by",
        "http-after-response set-header cache-control no-store if !{ res.hdr(cache-control) -m found }",
    ]


def test_compression() -> None:
    lowered, _problems = lower("backend", compression={"algorithms": ["gzip", "deflate"], "types": "text/html"})
    assert [line.text for line in lowered.keywords] == ["compression algo gzip deflate", "compression type text/html"]
    lowered, _problems = lower("backend", compression=True)
    assert lowered.keywords[0].text == "compression algo gzip"


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("%ci:%cp", "%ci:%cp"),
        ("%ci %ft", "'%ci %ft'"),
        ('"%ci %ft"', '"%ci %ft"'),
        (r"%ci\ %ft", r"%ci\ %ft"),
        ('{"a":"%ci"} #1', """'{"a":"%ci"} #1'"""),
    ],
)
def test_log_formats_of_ones_own(given: str, printed: str) -> None:
    assert logs.line(given, "http") == f"log-format {printed}"


def test_features_of_http_need_it() -> None:
    given: dict[str, t.Any] = {
        "forwarded": {"trusted": ["10.0.0.0/8"]},
        "redirect_https": True,
        "maintenance": True,
        "cors": {"origins": "*"},
        "basic_auth": {"userlist": "ops"},
        "compression": True,
        "header_presets": ["hsts"],
        "cache": "small",
    }
    lowered, problems = lower("listen", mode="tcp", log_format="json", **given)
    assert problems == [
        f"here.{key}: {key} needs mode: http; this listen is in mode: tcp" for key in features.HTTP_ONLY
    ]
    assert [line.path for line in lowered.keywords] == ["here.log_format"]
    assert lowered.before == {}


def test_names_that_do_not_exist() -> None:
    assert lower("backend", basic_auth={"userlist": "opsx"}, cache="smallx")[1] == [
        "here.basic_auth.userlist: holds 'opsx', no userlist has this name; did you mean ops?; userlists: ops",
        "here.cache: holds 'smallx', no cache has this name; did you mean small?; caches: small",
    ]


def test_cors_that_cannot_be() -> None:
    assert lower(cors={"origins": ["*", "https://a.example"], "credentials": True})[1] == [
        "here.cors.credentials: stands beside origin *, to which no browser sends any; name the origins",
        "here.cors.origins: has * beside others, which are of no use then",
    ]


def test_what_was_refused_is_passed_over() -> None:
    full: dict[str, t.Any] = {
        "log_format": "json",
        "forwarded": {"trusted": ["10.0.0.0/8"], "header": "forwarded", "send_forwarded": True},
        "redirect_https": 308,
        "maintenance": {"body": "x", "retry_after": 5, "except": ["10.0.0.0/8"]},
        "cors": {"origins": ["https://a.example"], "methods": ["GET"], "headers": ["x"], "expose": ["y"], "max_age": 5},
        "basic_auth": {"userlist": "ops", "groups": ["a"], "realm": "x", "if": {"path": ["/a"]}},
        "compression": {"algorithms": ["gzip"], "types": ["text/html"]},
        "header_presets": ["hsts"],
        "cache": "small",
    }
    proxy = section("listen", full)
    for broken in _broken(proxy):
        features.lower({**broken, "kind": "listen", "path": "here"}, SITE, Problems())


def _broken(value: t.Any) -> Iterator[t.Any]:
    """The value with one of its nodes broken, each in turn, as the checker leaves it."""
    if isinstance(value, dict):
        for key, element in value.items():
            yield {**value, key: None}
            yield from ({**value, key: inner} for inner in _broken(element))
    elif isinstance(value, list):
        for i, element in enumerate(value):
            yield [*value[:i], None, *value[i + 1 :]]
            yield from ([*value[:i], inner, *value[i + 1 :]] for inner in _broken(element))


# What follows is asked of a real HAProxy: `live` has a frontend for each of these on a unix socket of its name.
LIVE: dict[str, dict[str, t.Any]] = {
    "plain": {"http_request": [{"strip_prefix": "/api"}, {"replace_prefix": {"from": "/old", "to": "/new"}}]},
    "logged": {"log_format": "json"},
    "https": {"redirect_https": 308, "http_request": [{"redirect": {"path": "/a"}, "if": "{ path -m beg /b }"}]},
    "moved": {
        "http_request": [
            {"redirect": {"host": "b.example"}, "if": "{ path /host }"},
            {"redirect": {"host": "b.example", "port": 81, "code": 301}, "if": "{ path /port }"},
            {"redirect": {"path": "/new", "drop_query": True}, "if": "{ path /path }"},
            {"redirect": {"path": "/100%/x"}, "if": "{ path /query }"},
        ]
    },
    "trusting": {
        "forwarded": {"trusted": ["10.0.0.0/8", "2001:db8::/32"], "send_forwarded": True},
        "redirect_https": True,
        "header_presets": ["hsts", "security", "hide_server"],
        "log_format": "json",
    },
    "elements": {"forwarded": {"trusted": ["10.0.0.0/8"], "header": "forwarded"}},
    "shared": {
        "cors": {
            "origins": ["https://a.example", "https://b.example:8443"],
            "credentials": True,
            "headers": ["x-a", "authorization"],
            "expose": "x-b",
        },
        "basic_auth": {"userlist": "ops", "if": {"path_prefix": "/admin"}},
        "compression": True,
    },
    "open": {"cors": {"origins": "*"}, "cache": "small", "compression": True},
    "closed": {"maintenance": {"except": ["10.0.0.1/32"], "retry_after": 60}, "http_request": ["set-header a b"]},
    "locked": {
        "basic_auth": {"userlist": "ops"},
        "http_request": [{"return": {"status": 200, "body": """50% "it's" \\1""", "headers": {"x-q": "%[path] 'q'"}}}],
    },
    "stream": {"mode": "tcp", "log_format": "json"},
}
HEAD = """\
global
    log stdout len 8192 format raw local0
    stats socket {directory}/admin
defaults
    mode http
    log global
    timeout connect 1s
    timeout client 5s
    timeout server 5s
userlist ops
    user bob insecure-password x
cache small
    total-max-size 4
    max-age 60
backend echo
    server one {directory}/worker
backend echo_stream
    mode tcp
    server one {directory}/worker
"""


class Worker(http.server.BaseHTTPRequestHandler):
    """Answers with the path and the headers that it got; a stand-in for a worker."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-frame-options", "DENY")
        self.send_header("access-control-allow-origin", "https://of-the-worker.example")
        self.end_headers()
        self.wfile.write(body)

    def do_OPTIONS(self) -> None:
        self.do_GET()

    def address_string(self) -> str:
        return "unix"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class UnixServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    text: bytes

    @property
    def seen(self) -> dict[str, str]:
        """The headers that the worker got."""
        return dict(json.loads(self.text)["headers"])

    @property
    def path(self) -> str:
        return str(json.loads(self.text)["path"])


class Live(t.NamedTuple):
    directory: Path

    def ask(self, name: str, path: str = "/", source: str = "192.0.2.9", method: str = "GET", **headers: str) -> Answer:
        """`x__a` is the header x_a, `x_a` is x-a."""
        named = {k.replace("__", "\0").replace("_", "-").replace("\0", "_"): v for k, v in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", "host: a.example:80", "connection: close"]
        lines += [f"{key}: {value}" for key, value in named.items()]
        family = "TCP6 {} ::1" if ":" in source else "TCP4 {} 127.0.0.1"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.directory / name))
            text = f"PROXY {family.format(source)} 5555 80\r\n" + "\r\n".join(lines) + "\r\n\r\n"
            connection.sendall(text.encode("latin-1"))
            data = b""
            while piece := connection.recv(65536):
                data += piece
        head, _blank, body = data.partition(b"\r\n\r\n")
        first, *others = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in others]
        merged: dict[str, str] = {}
        for key, value in pairs:
            merged[key.lower()] = f"{merged[key.lower()]}, {value}" if key.lower() in merged else value
        return Answer(int(first.split()[1]), merged, body)

    def logged(self, wanted: str) -> dict[str, t.Any]:
        """The first line of the log that has these words."""
        for _attempt in range(600):
            lines = (self.directory / "log").read_text(errors="replace").splitlines()
            found = [line for line in lines if line.startswith("{") and wanted in line]
            if found:
                return dict(json.loads(found[0]))
            time.sleep(0.05)
        raise AssertionError(f"nothing logged with {wanted}")


def printed(name: str, given: dict[str, t.Any], directory: Path) -> str:
    kind = "listen" if "cache" in given else "frontend"
    problems = Problems()
    proxy = section(kind, {"name": name, **given})
    lowered = features.lower(proxy, SITE, problems)
    lines = [
        f"mode {proxy['mode']}",
        f"bind {directory}/{name} accept-proxy",
        *(line.text for line in lowered.keywords),
    ]
    if proxy["mode"] == "http":
        lines.append(f"option forwardfor {forwarded.forwardfor(proxy)}")
    for family in FAMILIES:
        ours, after = lowered.before.get(family, []), lowered.after.get(family, [])
        lines += [line.text for line in [*ours, *rules.lines(proxy, family, SITE, problems), *after]]
    assert problems == []
    tail = f"server one {directory}/worker" if kind == "listen" else "default_backend echo"
    tail += "_stream" if proxy["mode"] == "tcp" else ""
    return "\n    ".join([f"{kind} {name}", *lines, tail]) + "\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    if PROGRAM is None:
        pytest.skip("needs Debian's haproxy")
    directory = tmp_path_factory.mktemp("live")
    text = HEAD.format(directory=directory) + "".join(printed(n, g, directory) for n, g in LIVE.items())
    (directory / "haproxy.cfg").write_text(text)
    verdict = subprocess.run(
        [PROGRAM, "-c", "-dW", "-f", str(directory / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    assert verdict.returncode == 0, verdict.stderr + text
    worker = UnixServer(str(directory / "worker"), Worker)  # type: ignore[arg-type]
    threading.Thread(target=worker.serve_forever, daemon=True).start()
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [PROGRAM, "-db", "-f", str(directory / "haproxy.cfg")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            for _attempt in range(600):
                with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                    one.connect(str(directory / "admin"))
                    break
                time.sleep(0.05)
            else:
                pytest.fail("HAProxy did not start")
            yield Live(directory)
        finally:
            process.terminate()
            process.wait(10)
            worker.shutdown()
            worker.server_close()


def test_live_spoofed_headers_do_not_reach_a_worker(live: Live) -> None:
    spoofed = {"x_forwarded_for": "6.6.6.6", "x_forwarded_host": "evil", "x_forwarded_proto": "https"}
    answer = live.ask("plain", forwarded="for=6.6.6.6", x__forwarded__for="6.6.6.6", **spoofed)
    assert {k: v for k, v in answer.seen.items() if "forwarded" in k} == {
        "x-forwarded-for": "192.0.2.9",
        "x-forwarded-proto": "http",
    }


def test_live_a_trusted_proxy_is_believed(live: Live) -> None:
    said = {"x_forwarded_for": "6.6.6.6, 7.7.7.7", "x_forwarded_proto": "https", "forwarded": "for=6.6.6.6"}
    answer = live.ask("trusting", "/believed", "10.1.1.1", x__forwarded__for="6.6.6.6", **said)
    assert {k: v for k, v in answer.seen.items() if "forwarded" in k} == {
        "x-forwarded-for": "6.6.6.6, 7.7.7.7",
        "x-forwarded-proto": "https",
        "forwarded": "for=7.7.7.7;proto=https",
    }
    assert live.logged("/believed")["client"] == "7.7.7.7"
    answer = live.ask("trusting", "/", "2001:db8::5", x_forwarded_proto="https")
    assert answer.seen["forwarded"] == 'for="[2001:db8::5]";proto=https'
    assert answer.seen["x-forwarded-for"] == "2001:db8::5"
    assert live.ask("trusting", "/", "192.0.2.9", **said).status == 301


def test_live_a_trusted_proxy_that_writes_forwarded(live: Live) -> None:
    said = 'for=evil, for="[2001:db8::17]:4711";proto=https'
    answer = live.ask("elements", "/", "10.1.1.1", x_forwarded_for="6.6.6.6", x_forwarded_proto="http", forwarded=said)
    assert {k: v for k, v in answer.seen.items() if "forwarded" in k} == {
        "x-forwarded-for": "2001:db8::17",
        "x-forwarded-proto": "https",
        "forwarded": said,
    }
    answer = live.ask("elements", "/", "10.1.1.1", forwarded="proto=http;for=192.0.2.60:80;by=1")
    assert answer.seen["x-forwarded-for"] == "192.0.2.60"
    assert live.ask("elements", "/", "10.1.1.1", forwarded="for=unknown").seen["x-forwarded-for"] == "10.1.1.1"


def test_live_to_https(live: Live) -> None:
    answer = live.ask("https", "/b/x?y=1")
    assert (answer.status, answer.headers["location"]) == (308, "https://a.example/b/x?y=1")
    assert live.ask("https", "/.well-known/acme-challenge/x").status == 200
    assert live.ask("trusting", "/", "10.1.1.1", x_forwarded_proto="http").headers["location"] == "https://a.example/"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/host?a=1", "//b.example:80/host?a=1"),
        ("/port?a=1", "//b.example:81/port?a=1"),
        ("/path?a=1", "/new"),
        ("/query?a=1&b=2", "/100%/x?a=1&b=2"),
        ("/query", "/100%/x"),
    ],
)
def test_live_redirects(live: Live, path: str, location: str) -> None:
    assert live.ask("moved", path).headers["location"] == location


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/api", "/"),
        ("/api/", "/"),
        ("/api/x/y?q=1", "/x/y?q=1"),
        ("/apix", "/apix"),
        ("/x/api", "/x/api"),
        ("/old", "/new"),
        ("/old/x", "/new/x"),
        ("/older", "/older"),
    ],
)
def test_live_prefixes(live: Live, asked: str, seen: str) -> None:
    assert live.ask("plain", asked).path == seen


def test_live_preflights(live: Live) -> None:
    asked = {"access_control_request_method": "PUT"}
    answer = live.ask("shared", "/admin", method="OPTIONS", origin="https://a.example", **asked)
    assert answer.status == 204
    assert {k: v for k, v in answer.headers.items() if k.startswith(("access", "vary"))} == {
        "access-control-allow-headers": "x-a, authorization",
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-max-age": "600",
        "access-control-allow-origin": "https://a.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-b",
        "vary": "origin",
    }
    answer = live.ask("shared", "/", method="OPTIONS", origin="https://evil.example", **asked)
    assert answer.status == 204
    assert [key for key in answer.headers if key.startswith("access")] == []
    answer = live.ask("open", "/", method="OPTIONS", origin="https://any.example", **asked)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_live_origins(live: Live) -> None:
    answer = live.ask("shared", "/", origin="https://b.example:8443", accept_encoding="gzip")
    assert answer.headers["access-control-allow-origin"] == "https://b.example:8443"
    assert answer.headers["content-encoding"] == "gzip"
    assert "origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in live.ask("shared", "/", origin="https://evil.example").headers
    refused = live.ask("shared", "/admin/x", origin="https://a.example")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "https://a.example")


def test_live_basic_auth(live: Live) -> None:
    assert live.ask("shared", "/admin").status == 401
    assert live.ask("shared", "/admin", authorization="Basic Ym9iOng=").status == 200
    assert live.ask("shared", "/adminx").status == 200


def test_live_answers_are_sent_as_written(live: Live) -> None:
    assert live.ask("locked").status == 401
    answer = live.ask("locked", "/p", authorization="Basic Ym9iOng=")
    assert (answer.text, answer.headers["x-q"]) == (b"""50% "it's" \\1""", "/p 'q'")


def test_live_maintenance(live: Live) -> None:
    answer = live.ask("closed")
    assert (answer.status, answer.headers["retry-after"], answer.headers["cache-control"]) == (503, "60", "no-store")
    assert b"<h1>Maintenance</h1>" in answer.text
    assert live.ask("closed", source="10.0.0.1").seen["a"] == "b"


def test_live_headers_of_answers(live: Live) -> None:
    answer = live.ask("trusting", "/", "10.1.1.1", x_forwarded_proto="https")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    assert "strict-transport-security" not in live.ask("trusting", "/", "10.1.1.1", x_forwarded_proto="http").headers


def test_live_a_log_line_is_json_whatever_was_sent(live: Live) -> None:
    live.ask("logged", '/strange?"q"=\\1', user_agent='a"b\\c\t\xff\xc3\xa9/' + "w" * 500, referer="{}',\" and, more")
    entry = live.logged("strange")
    assert entry["uri"] == '/strange?"q"=\\1'
    assert entry["user_agent"].startswith('a"b\\c\té/www')
    assert len(entry["user_agent"]) < 250
    assert entry["referer"] == "{}',\" and, more"
    assert (entry["host"], entry["status"], entry["method"], entry["server"]) == ("a.example:80", 200, "GET", "one")
    assert set(entry) == {name for name, _form, _number, mode in hardened.LOG_JSON if mode in ("", "http")}


def test_live_a_log_line_of_a_connection(live: Live) -> None:
    live.ask("stream")
    entry = live.logged('"frontend":"stream"')
    assert set(entry) == {name for name, _form, _number, mode in hardened.LOG_JSON if mode in ("", "tcp")}
