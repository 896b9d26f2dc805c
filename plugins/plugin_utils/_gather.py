# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the model meets Ansible: the variables of a balancer and of its workers, templated, without facts; PRIVATE."""

from __future__ import annotations

import re
import typing as t

from ._model import certificates, plan, secrets, shapes
from ._model.problems import Problems, misspelt
from ._model.shape import Shape

PREFIXES = ("haproxy_", "balancer_")
# Of these names others have some too.
SHARED_PREFIXES = ("baseline_", "firewall_", "ssh_")
FAMILIES = (
    *("baseline_", "firewall_conntrack", "firewall_existing", "firewall_output", "firewall_syn"),
    *("ssh_jump", "ssh_profile"),
)
# Registered or passed by our own playbooks: neither input nor typing mistake.
OURS = ("balancer_plan", "balancer_hosts", "balancer_served", "balancer_proof", "balancer_serial")
# Where an inventory says that a host is reached through another.
SSH_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
SSH_PORTS = ("ansible_port", "ansible_ssh_port")
JUMPS = re.compile(r"(?i:proxy|lookup|query)|-J")
VAULT_TYPES = ("EncryptedString", "AnsibleVaultEncryptedUnicode", "AnsibleVaultEncryptedUnsafeText")
PLACEHOLDERS = re.compile(r"@secret:([^@\s]+)@")
TRANSFORMED = (
    "does something to a secret, which can only be inserted as it is; "
    "put the result into haproxy_secrets, whose values may be templates"
)
LOCKED = "cannot be decrypted; give the vault's password (--vault-password-file or --ask-vault-pass)"
LITERAL = "holds text of the form @secret:NAME@, in which secrets are passed on: it would be taken for one"
MULTILINE = "has several lines, and stands in a line of haproxy.cfg; only files of the tree take those"
NEEDS_FACT = (
    "needs a fact of the node, and the plan is made without contact to it; "
    "write the value into the inventory (host_vars)"
)


class Gathered(t.NamedTuple):
    variables: dict[str, t.Any]
    secrets: dict[str, str]
    problems: Problems


class Leaves:
    """Templates a structure leaf by leaf, so that what fails is known by its path.

    Secrets come in as placeholders, and each leaf is templated with two of them: where the answers differ by more than
    the placeholder, the template did something to the secret, and what came of it would not be the secret's value.
    """

    def __init__(
        self, templar: t.Any, variables: dict[str, t.Any], problems: Problems, hidden: dict[str, t.Any] | None = None
    ) -> None:
        facts = variables.get("ansible_facts") or {}
        without = {"ansible_facts", "ansible_local", *(f"ansible_{name}" for name in facts)}
        seen = {k: v for k, v in variables.items() if k not in without}
        self.vaulted: dict[str, t.Any] = {}
        covered = {k: self._cover(v, f"vault.{k}") for k, v in seen.items() if _holds_vault(v)}
        named = {name: secrets.placeholder(name) for name in hidden or {}}
        self.templar = templar.copy_with_new_env(
            available_variables={**seen, **covered, **({"haproxy_secrets": named} if hidden is not None else {})}
        )
        self.twin: t.Any = None
        if covered or named:
            again = {"haproxy_secrets": _twin(named)} if hidden is not None else {}
            others = {k: _twin(v) for k, v in covered.items()}
            self.twin = templar.copy_with_new_env(available_variables={**seen, **others, **again})
        self.problems = problems
        self.secrets: dict[str, str] = {}

    def _cover(self, value: t.Any, path: str) -> t.Any:
        """A placeholder for each vaulted value, wherever it is used from."""
        if type(value).__name__ in VAULT_TYPES:
            self.vaulted[path] = value
            return secrets.placeholder(path)
        if isinstance(value, dict):
            return {key: self._cover(element, f"{path}.{_word(key)}") for key, element in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._cover(element, f"{path}[{i}]") for i, element in enumerate(value)]
        return value

    def _open(self, name: str, value: t.Any, path: str) -> None:
        """Into the secrets; what cannot be decrypted is the user's to mend."""
        try:
            self.secrets[name] = str(value)
        except Exception:
            self.problems.add(path, LOCKED)

    def render(self, value: t.Any, path: str) -> t.Any:
        if type(value).__name__ in VAULT_TYPES:
            self._open(path, value, path)
            return secrets.placeholder(path)
        if isinstance(value, dict):
            return {str(key): self.render(element, f"{path}.{key}") for key, element in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.render(element, f"{path}[{i}]") for i, element in enumerate(value)]
        if isinstance(value, str) and PLACEHOLDERS.search(value):
            self.problems.add(path, LITERAL)
            return None
        if not isinstance(value, str) or "{" not in value:
            return plain(value)
        try:
            result = plain(self.templar.template(value))
            twin = plain(self.twin.template(value)) if self.twin else None
        except Exception as exc:  # whatever a template raises is the user's to mend, and must not carry the value along
            self.problems.add(path, explain(exc))
            return None
        literal = [name for name in PLACEHOLDERS.findall(repr(result)) if not self.twin or name in _names_in(twin)]
        if literal:
            self.problems.add(path, LITERAL)
            return None
        if self.twin and _twin(result) != twin:
            self.problems.add(path, TRANSFORMED)
            return None
        for name in PLACEHOLDERS.findall(repr(result)):
            if name in self.vaulted:
                self._open(name, self.vaulted[name], path)
        return result


def _names_in(value: t.Any) -> set[str]:
    return set(PLACEHOLDERS.findall(repr(value)))


def _holds_vault(value: t.Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_vault(element) for element in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_vault(element) for element in value)
    return type(value).__name__ in VAULT_TYPES


def _word(key: t.Any) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", str(key))


def _twin(value: t.Any) -> t.Any:
    """The same with every placeholder a little different."""
    if isinstance(value, dict):
        return {key: _twin(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_twin(element) for element in value]
    return PLACEHOLDERS.sub(r"@secret:\1.twin@", value) if isinstance(value, str) else value


def explain(exc: Exception) -> str:
    """Why a template failed, by the names of variables alone: the text around them may hold a secret."""
    text = str(exc)
    unknown = re.search(r"(?:No (?:filter|test) named '|Could not load \")([A-Za-z0-9_.]+)", text)
    if unknown:
        return f"its template uses a filter or test that does not exist: {unknown[1]}"
    # ansible-core 2.17 has one class for all, and says in words what 2.19 says by class.
    if "Omitted" in type(exc).__name__ or "omit" in text.lower().split():
        return "is omit, which only arguments of tasks know; leave the key out, or give a value"
    if "lookup" in text.lower():
        return "its template's lookup fails; a file is looked for beside the playbook: begin with {{ inventory_dir }}/"
    if "SyntaxError" in type(exc).__name__ or text.startswith("template error while templating string"):
        return "is not a valid template; look at its braces and quotes"
    names = re.findall(r"'([A-Za-z_][A-Za-z0-9_.]*)'", str(exc))
    if "undefined" not in str(exc).lower() and "no attribute" not in str(exc).lower():
        return f"its template fails ({_cause(exc)})"
    if any(name == "ansible_facts" or name.startswith("ansible_") for name in names):
        return f"its template {NEEDS_FACT}"
    return f"its template uses what is not defined{': ' + names[-1] if names else ''}"


def _cause(exc: BaseException) -> str:
    """The type of what went wrong, without Ansible's wrapping; 2.17 keeps it in a place of its own."""
    while type(exc).__name__.startswith("Ansible") and (within := exc.__cause__ or getattr(exc, "orig_exc", None)):
        exc = within
    kind = type(exc)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def plain(value: t.Any) -> t.Any:
    """Tags and lazy containers of Ansible's are dropped: the plan is plain data."""
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, str):
        return "".join((value,))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)


def gather(task_vars: dict[str, t.Any], templar: t.Any) -> Gathered:
    """The variables that are ours, their secrets split off."""
    problems = Problems()
    found: dict[str, str] = {}
    named = _secrets(task_vars, templar, problems)
    leaves = Leaves(templar, task_vars, problems, named)
    variables: dict[str, t.Any] = {}
    for name in sorted(name for name in task_vars if isinstance(name, str)):
        if not _is_ours(name) or name in OURS or name == "haproxy_secrets":
            continue
        shape = (
            shapes.SITE if name.startswith(shapes.SITE_PREFIX) else shapes.VARIABLES.get(name, ((), Shape("text")))[1]
        )
        variables[name] = secrets.split(shape, leaves.render(task_vars[name], name), name, found)
    return Gathered(variables, {**found, **leaves.secrets, **named}, problems)


def _is_ours(name: str) -> bool:
    """Of the prefixes that others use too: our names, those that begin like one, and those that are a letter off."""
    if name.startswith(SHARED_PREFIXES):
        known = name in shapes.VARIABLES or misspelt(name, shapes.VARIABLES) is not None
        return known or name.startswith(FAMILIES)
    return name.startswith(PREFIXES)


def _secrets(task_vars: dict[str, t.Any], templar: t.Any, problems: Problems) -> dict[str, str]:
    """Their values, in the clear: the only place where a template may do something to a secret."""
    given = task_vars.get("haproxy_secrets")
    if given is None:
        return {}
    clear = templar.copy_with_new_env(available_variables=task_vars)
    result: dict[str, str] = {}
    try:
        given = clear.template(given) if isinstance(given, str) else given
    except Exception as exc:
        problems.add("haproxy_secrets", explain(exc))
        return {}
    if not isinstance(given, dict):
        problems.add("haproxy_secrets", "must be a mapping of names to secrets")
        return {}
    for name, value in given.items():
        path = f"haproxy_secrets.{name}"
        try:
            rendered = clear.template(value) if isinstance(value, str) else value
        except Exception as exc:
            problems.add(path, explain(exc))
            continue
        text = rendered if rendered is None or isinstance(rendered, (bool, dict, list)) else plain(str(rendered))
        if not re.fullmatch(r"[A-Za-z0-9_-]+", str(name)):
            problems.add("haproxy_secrets", "has a name with other characters than letters, digits, _ and -")
        elif not isinstance(text, str) or not text:
            problems.add(path, "must be text")
        else:
            result[str(name)] = text
    return result


def inventory_of(
    task_vars: dict[str, t.Any], variables: dict[str, t.Any], templar: t.Any, problems: Problems
) -> dict[str, t.Any]:
    """The groups and, of the hosts in those that backends take their workers from, the few variables that matter."""
    groups = {str(name): [str(h) for h in hosts] for name, hosts in task_vars["groups"].items()}
    wanted: dict[str, set[str]] = {}
    for group, address_variable in _worker_groups(variables):
        for host in groups.get(group, []):
            wanted.setdefault(host, {"ansible_host", "haproxy_worker"}).add(address_variable or "ansible_host")
    hostvars = task_vars["hostvars"]
    # Each is asked for its variables once: that is most of what an inventory of thousands costs here.
    hosts: dict[str, dict[str, t.Any]] = {}
    ssh_arguments: list[tuple[str, str, str]] = []
    ssh_ports: dict[str, int] = {}
    for host in groups.get("all", []):
        raw = hostvars.raw_get(host)
        arguments = list(_ssh_arguments(host, raw, templar))
        ssh_arguments += arguments
        if arguments and (port := _ssh_port(host, raw, templar)):
            ssh_ports[host] = port
        if host in wanted:
            hosts[host] = _of_host(host, wanted[host], raw, templar, problems)
    name = str(task_vars["inventory_hostname"])
    own = _values(name, {"ansible_host"}, hostvars.raw_get(name), templar, Problems())
    return {
        "name": name,
        "groups": groups,
        "hosts": hosts,
        "addresses": [value for value in own.values() if value],
        "ssh_arguments": ssh_arguments,
        "ssh_ports": ssh_ports,
    }


def _ssh_arguments(host: str, raw: t.Any, templar: t.Any) -> t.Iterator[tuple[str, str, str]]:
    """What cannot be templated here is Ansible's to refuse, and is read as it stands."""
    if not isinstance(raw, dict):
        return
    given = {name: raw[name] for name in SSH_ARGUMENTS if isinstance(raw.get(name), str) and _may_jump(raw[name], raw)}
    rendered = _values(host, set(given), raw, templar, Problems())
    for name, text in given.items():
        yield host, name, str(rendered.get(name) or text)


def _ssh_port(host: str, raw: t.Any, templar: t.Any) -> int | None:
    """Of two variables the later one counts, as for Ansible."""
    said = _values(host, set(SSH_PORTS), raw, templar, Problems())
    ports = [str(said[name]) for name in SSH_PORTS if said.get(name)]
    return int(ports[-1]) if ports and ports[-1].isdecimal() else None


def _may_jump(text: str, raw: dict[str, t.Any], depth: int = 5) -> bool:
    """By its words and those of the variables that it names: an inventory of thousands is not templated for nothing."""
    if JUMPS.search(text):
        return True
    named = (raw.get(name) for name in re.findall(r"[A-Za-z_]\w*", text)) if "{" in text and depth else ()
    return any(isinstance(value, str) and _may_jump(value, raw, depth - 1) for value in named)


def _worker_groups(variables: dict[str, t.Any]) -> set[tuple[str, str | None]]:
    """Groups whose hosts are named by address somewhere: as workers of backends and listens, as peers."""
    found: set[tuple[str, str | None]] = set()
    for plural, key in (("backends", "workers"), ("listens", "workers"), ("peers", "")):
        for element in _elements(variables, plural):
            sources = element.get(key) if key else {"group": "balancers", **element}
            for source in sources if isinstance(sources, list) else [sources]:
                if isinstance(source, dict) and isinstance(source.get("group"), str):
                    variable = source.get("address_variable")
                    found.add((source["group"], variable if isinstance(variable, str) else None))
    return found


def _elements(variables: dict[str, t.Any], plural: str) -> list[dict[str, t.Any]]:
    """Of a list of the inventory and of the sites'; a backend that is not said is the smallest case's."""
    places = [variables.get(f"haproxy_{plural}"), shapes.DEFAULT_BACKENDS if plural == "backends" else []]
    places += [v.get(plural) for n, v in variables.items() if n.startswith(shapes.SITE_PREFIX) and isinstance(v, dict)]
    return [e for place in places if isinstance(place, list) for e in place if isinstance(e, dict)]


def _of_host(host: str, names: set[str], raw: t.Any, templar: t.Any, problems: Problems) -> dict[str, t.Any]:
    for name in raw:
        if str(name).startswith("haproxy_w") and name != "haproxy_worker":
            problems.add(f"hostvars[{host}].{name}", "unknown variable; did you mean haproxy_worker?")
    return _values(host, names, raw, templar, problems)


def _values(host: str, names: set[str], raw: t.Any, templar: t.Any, problems: Problems) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    leaves = None
    for name in sorted(names):
        if not isinstance(raw, dict) or name not in raw:
            continue
        if _needs_template(raw[name]):
            leaves = leaves or Leaves(templar, raw, problems)
            found[name] = leaves.render(raw[name], f"hostvars[{host}].{name}")
        else:
            found[name] = plain(raw[name])
    return found


def _needs_template(value: t.Any) -> bool:
    if isinstance(value, dict):
        return any(_needs_template(v) for v in value.values())
    return isinstance(value, list) or (isinstance(value, str) and "{" in value)


def draft(task_vars: dict[str, t.Any], templar: t.Any) -> tuple[dict[str, t.Any], Problems, dict[str, str]]:
    """The model's first phase on the variables of a task. Of one key the first problem is told, not what follows."""
    gathered = gather(task_vars, templar)
    inventory = inventory_of(task_vars, gathered.variables, templar, gathered.problems)
    certificates.check_keys(gathered.variables, gathered.secrets, gathered.problems)
    known = {name: value for name, value in gathered.variables.items() if name in shapes.VARIABLES}
    secrets.check_places(known, gathered.problems)
    drafted, found = plan.draft(gathered.variables, inventory)
    failed = {problem.path for problem in gathered.problems}
    for problem in found:
        if problem.path not in failed:
            gathered.problems.add(*problem)
    _check_lines(drafted, gathered)
    return drafted, gathered.problems, gathered.secrets


def origins(task_vars: dict[str, t.Any], templar: t.Any) -> dict[tuple[str, str], str]:
    """Where each line of haproxy.cfg comes from, for a message about one."""
    gathered = gather(task_vars, templar)
    inventory = inventory_of(task_vars, gathered.variables, templar, gathered.problems)
    return plan.origins(gathered.variables, inventory)


def _check_lines(drafted: dict[str, t.Any], gathered: Gathered) -> None:
    """Only here the values of secrets and the lines they stand in are known together."""
    several = {name for name, value in gathered.secrets.items() if "\n" in value.strip() or "\r" in value}
    for section in drafted["sections"] if several else []:
        for name in several & set(PLACEHOLDERS.findall(section["lines"])):
            gathered.problems.add(f"haproxy_secrets.{name}" if "." not in name else name, MULTILINE)
