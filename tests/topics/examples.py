# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of docs/topics, and what the model makes of each."""

from __future__ import annotations

import functools
import json
import pathlib
import re
import subprocess
import tempfile
import typing as t

import jinja2
import yaml

from ansible_collections.hardened.balancer.plugins.module_utils import _tree
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import plan as model
from ansible_collections.hardened.balancer.plugins.plugin_utils._model import secrets, shapes
from ansible_collections.hardened.balancer.plugins.plugin_utils._model.shape import Shape

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "topics"
FENCE = re.compile(r"^```(\S*)(?: (.+))?$")
# Their HAProxy, and what it is built with there.
RELEASES = {"2.6": "debian 12", "3.0": "debian 13"}
GROUPS = {
    "balancers": {"lb1": "198.51.100.10", "lb2": "198.51.100.11"},
    "web_workers": {"worker1": "198.51.100.101", "worker2": "198.51.100.102"},
    "api_workers": {"api1": "198.51.100.111", "api2": "198.51.100.112"},
    "db_workers": {"db1": "198.51.100.121", "db2": "198.51.100.122"},
}
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
DIGEST = "0123456789abcdef"
PASSWORD = "open sesame"
NODE_FILE = re.compile(r"/etc/(?:letsencrypt|ssl/private)/\S*?([a-z0-9.-]+\.example\.com)\S*")


class Example(t.NamedTuple):
    page: str
    line: int
    variables: str
    requests: str
    refused: list[str]
    since: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


class Block(t.NamedTuple):
    line: int
    language: str
    about: str
    text: str


def blocks(text: str) -> list[Block]:
    found, begun = [], None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if begun is None and match:
            begun, lines = (number, match[1], match[2] or ""), []
        elif begun is not None and line == "```":
            found.append(Block(*begun, "\n".join(lines) + "\n"))
            begun = None
        elif begun is not None:
            lines.append(line)
    return found


def of_page(path: pathlib.Path) -> list[Example]:
    """A file stands in front of the variables that use it, what a client sees or the model refuses behind them."""
    examples: list[Example] = []
    files: dict[str, str] = {}
    for block in blocks(path.read_text(encoding="utf-8")):
        if "." in block.about and not block.about[0].isdigit():
            files[block.about] = block.text
        elif block.language == "yaml":
            examples.append(Example(path.stem, block.line, block.text, "", [], block.about, files))
            files = {}
        elif block.language == "requests":
            examples[-1] = examples[-1]._replace(requests=block.text)
        elif block.language == "refused":
            examples[-1] = examples[-1]._replace(refused=block.text.splitlines())
    return examples


def all_examples() -> list[Example]:
    return [example for path in sorted(PAGES.glob("*.md")) for example in of_page(path)]


def versions(example: Example) -> list[str]:
    return [version for version in RELEASES if not example.since or _number(version) >= _number(example.since)]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# Certificates


class Certificates:
    """An authority and what it has signed, made by openssl when a test needs it."""

    def __init__(self) -> None:
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="topics-ca-"))
        self.authority = self._authority()
        self.made: dict[str, tuple[str, str]] = {}

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.home, check=True, capture_output=True)

    def _authority(self) -> str:
        words = ("-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
        self._openssl("req", "-x509", *CURVE, *words, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return (self.home / "ca.pem").read_text()

    def of(self, name: str) -> tuple[str, str]:
        """Certificate and key of a name."""
        if name not in self.made:
            self.made[name] = self._signed(name)
        return self.made[name]

    def _signed(self, name: str) -> tuple[str, str]:
        names = f"DNS:{name}"
        if name == "worker":
            addresses = ",".join(f"IP:{address}" for group in GROUPS.values() for address in group.values())
            names = f"DNS:*.example.com,{addresses}"
        lines = ("subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", f"subjectAltName={names}", "")
        (self.home / f"{name}.ext").write_text("\n".join(lines))
        self._openssl("req", "-new", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext"),
        )
        return (self.home / f"{name}.pem").read_text(), (self.home / f"{name}.key").read_text()

    def file(self, path: str) -> str:
        """What a file is that a page looks up: by its name an authority, or the certificate of a name."""
        stem = pathlib.PurePath(path).name.rpartition(".")[0]
        return self.authority if "authority" in stem else self.of(stem)[0]


@functools.cache
def hash_of(password: str) -> str:
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", "topics", password], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


class Secrets(dict[str, str]):
    """haproxy_secrets, vaulted: what each is follows from its name."""

    def __init__(self, certificates: Certificates) -> None:
        super().__init__()
        self.certificates = certificates

    def __missing__(self, name: str) -> str:
        if name.endswith("_key"):
            # www_example_com_key is the key of www.example.com.
            self[name] = self.certificates.of(name.removesuffix("_key").replace("_", "."))[1]
        elif name.endswith("_hash"):
            self[name] = hash_of(PASSWORD)
        else:
            self[name] = PASSWORD
        return self[name]


class Placeholders:
    def __init__(self, known: Secrets) -> None:
        self.known = known

    def __getattr__(self, name: str) -> str:
        self.known[name]
        return secrets.placeholder(name)


# Templates, as far as the pages use them


def templated(value: t.Any, context: dict[str, t.Any], environment: jinja2.Environment) -> t.Any:
    if isinstance(value, dict):
        return {key: templated(element, context, environment) for key, element in value.items()}
    if isinstance(value, list):
        return [templated(element, context, environment) for element in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    whole = re.fullmatch(r"\{\{(.*)\}\}", value.strip(), re.DOTALL)
    if whole and "{{" not in whole[1]:
        return environment.compile_expression(whole[1])(**context)
    return environment.from_string(value).render(**context)


class Rendered(t.NamedTuple):
    problems: list[str]
    files: dict[str, str]
    node_files: dict[str, str]
    warnings: str = "fatal"


def render(example: Example, version: str, balancer: str, certificates: Certificates) -> Rendered:
    known = Secrets(certificates)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["from_json"] = json.loads
    environment.globals["lookup"] = lambda _kind, path: example.files.get(path) or certificates.file(path)
    context = {"haproxy_secrets": Placeholders(known), "ansible_host": GROUPS["balancers"][balancer]}
    context["inventory_hostname"] = balancer
    given = templated(yaml.safe_load(example.variables) or {}, context, environment)
    node = {"release": RELEASES[version], "memory_mib": 1024, "nofile_max": 10000}
    variables: dict[str, t.Any] = {"haproxy_node": node}
    clear: dict[str, str] = {}
    for name, value in given.items():
        site = name.startswith(shapes.SITE_PREFIX)
        shape = shapes.SITE if site else shapes.VARIABLES.get(name, ((), Shape("text")))[1]
        variables[name] = secrets.split(shape, value, name, clear)
    drafted, problems = model.draft(variables, _inventory(example, balancer))
    if problems:
        return Rendered([str(problem) for problem in problems], {}, {})
    plan, problems = model.complete(drafted, model.stated_node(drafted))
    if problems:
        return Rendered([str(problem) for problem in problems], {}, {})
    source = {file["path"]: file["content"] for file in plan["files"]}
    source["haproxy.cfg"] = _printed(plan["sections"])
    files = _tree.named(_tree.fill(source, {**known, **clear}), DIGEST)
    found = {match[0]: "".join(certificates.of(match[1])) for match in NODE_FILE.finditer(files["haproxy.cfg"])}
    return Rendered([], files, found, plan["warnings_are"])


def _printed(sections: list[dict[str, t.Any]]) -> str:
    """As the template of the role haproxy does."""
    return "".join(
        f"\n{section['title']}\n" + "".join(f"    {line}\n" for line in section["lines"].splitlines())
        for section in sections
    )


def _inventory(example: Example, balancer: str) -> dict[str, t.Any]:
    hosts: dict[str, dict[str, t.Any]] = {
        name: {"ansible_host": address} for group in GROUPS.values() for name, address in group.items()
    }
    for path, text in example.files.items():
        if path.startswith("host_vars/"):
            hosts[pathlib.PurePath(path).stem].update(yaml.safe_load(text))
    groups = {group: sorted(members) for group, members in GROUPS.items()}
    return {"name": balancer, "groups": groups, "hosts": hosts}


def job(example: Example, version: str, certificates: Certificates) -> dict[str, t.Any]:
    """Everything that the harness needs to know, as plain data."""
    wanted = ["lb1", *(["lb2"] if re.search(r"\blb2\b", example.requests) else [])]
    rendered = {name: render(example, version, name, certificates) for name in wanted}
    clients = re.findall(r"certificate of ([\w.-]+)", example.requests)
    return {
        "requests": example.requests,
        "balancers": {name: one.files for name, one in rendered.items()},
        "node_files": {path: text for one in rendered.values() for path, text in one.node_files.items()},
        "hosts": {address: name for group in GROUPS.values() for name, address in group.items()},
        "authority": certificates.authority,
        "worker": "".join(certificates.of("worker")),
        "certificates": {name: "".join(certificates.of(name)) for name in clients},
        "warnings": rendered["lb1"].warnings,
        "problems": [problem for one in rendered.values() for problem in one.problems],
    }
