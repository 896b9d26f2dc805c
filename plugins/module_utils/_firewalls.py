# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else filters and translates on a node, and what of the node has to change so that he does not filter any more.

Private to the collection hardened.balancer; it may change in any release.
"""

from __future__ import annotations

import re
import shutil
import typing as t
from pathlib import Path

from ansible_collections.hardened.balancer.plugins.module_utils import (
    _files,
    _nft,
    _nft_properties,
    _packages,
    _programs,
)
from ansible_collections.hardened.balancer.plugins.module_utils._haproxy_process import is_active

UFW_CONF = "/etc/ufw/ufw.conf"
NFTABLES_CONF = "/etc/nftables.conf"
# What netfilter-persistent loads.
SAVED = ("/etc/iptables/rules.v4", "/etc/iptables/rules.v6")
UNITS = ("firewalld", "netfilter-persistent")
ASIDE = "/var/lib/hardened-balancer/firewall-aside"
DROPIN = "/etc/systemd/system/{}.service.d/hardened-balancer.conf"
# The unit itself is left as it was: where our rules are gone it starts again, at the very boot of an undo as well.
HELD_BACK = f"""\
# Written by Ansible (hardened.balancer.firewall). How it is brought back stands below {ASIDE}.
[Unit]
ConditionPathExists=!/etc/hardened-balancer/firewall.nft
"""
EMPTY_CONF = f"""\
#!/usr/sbin/nft -f
# Written by Ansible (hardened.balancer.firewall). What stood here, and how it is brought back, lies below
# {ASIDE}.
"""
# Tables of iptables that iptables itself can write down; of what nft shows as its, nft cannot.
OF_IPTABLES = tuple(f"{family} {name}" for family in ("ip", "ip6") for name in ("filter", "mangle", "raw", "security"))
TRANSLATES = "what it loads may translate addresses, as {} does; ours translates none"

Units = t.Mapping[str, t.Mapping[str, str]]


class Firewall(t.NamedTuple):
    """What there is, what speaks against keeping it aside, and of what it consists."""

    name: str
    detail: str
    obstacle: str = ""
    tables: tuple[str, ...] = ()
    legacy: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    files: tuple[dict[str, str], ...] = ()


def firewalls(
    units: Units, packages: _packages.Packages, ruleset: list[_nft.Item], answered: bool, proc: str
) -> list[dict[str, t.Any]]:
    """What filters and is not ours; iptables is asked for its own rules where nft is not there yet."""
    translated = _translated(ruleset, _saving_nat(answered, proc))
    found = [
        *_ufw(packages, translated),
        *_units(units, translated, _of_docker(ruleset)),
        *_configuration(packages, translated),
        *_tables(ruleset, _runs(units, "firewalld")),
    ]
    if not answered:
        found += _by_iptables("iptables-save", "iptables", tables=("ip filter",))
        found += _by_iptables("ip6tables-save", "ip6tables", tables=("ip6 filter",))
    # Tables from before nftables, which nft does not list.
    for program in _legacy(proc, "filter"):
        found += _by_iptables(f"{program}-legacy-save", f"{program} (legacy)", legacy=(program,))
    return [one._asdict() for one in found]


def _runs(units: Units, name: str) -> bool:
    return is_active(units.get(f"{name}.service", {}))


def _ufw(packages: _packages.Packages, translated: str) -> t.Iterator[Firewall]:
    text = _files.read(UFW_CONF) if "ufw" in packages.versions else ""
    off = re.sub(r"^ENABLED=yes.*$", "ENABLED=no", text, flags=re.MULTILINE | re.IGNORECASE)
    if off != text:
        yield Firewall("ufw", f"enabled in {UFW_CONF}", translated, files=(_file(UFW_CONF, off),))


def _of_docker(ruleset: list[_nft.Item]) -> bool:
    """Those of an engine; in a container its name server has others."""
    return any(item["chain"]["name"] == "DOCKER" for item in ruleset if "chain" in item)


def _units(units: Units, translated: str, of_docker: bool) -> t.Iterator[Firewall]:
    for name in UNITS:
        dropin = DROPIN.format(name)
        held_back = _files.read(dropin) == HELD_BACK
        at_boot = units.get(f"{name}.service", {}).get("UnitFileState") == "enabled" and not held_back
        if name == "firewalld":
            state = "active" if _runs(units, name) else "enabled" if at_boot else ""
        else:
            saved = [f"{path}, {said}" for path in SAVED if (said := _filtering(_files.read(path)))]
            state = f"loads at boot {'; '.join(saved)}" if at_boot and saved else ""
        obstacle = "Docker has its rules made by it" if of_docker and name == "firewalld" else translated
        if state:
            yield Firewall(name, state, obstacle, units=(name,), files=(_file(dropin, HELD_BACK),))


def _configuration(packages: _packages.Packages, translated: str) -> t.Iterator[Firewall]:
    there = Path(NFTABLES_CONF).exists() and _files.read(NFTABLES_CONF) != EMPTY_CONF
    if there and not _packages.as_packaged(NFTABLES_CONF, packages.conffiles):
        emptied = _file(NFTABLES_CONF, EMPTY_CONF, "0755")
        yield Firewall(NFTABLES_CONF, "is not the one of the package", translated, files=(emptied,))


def _file(path: str, content: str, mode: str = "0644") -> dict[str, str]:
    return {"path": path, "content": content, "mode": mode}


def _tables(ruleset: list[_nft.Item], with_firewalld: bool) -> t.Iterator[Firewall]:
    for one in _nft.filters(ruleset):
        table = one["name"].removeprefix("table ")
        # That one goes and comes with its program.
        obstacle = "" if with_firewalld and table.endswith(" firewalld") else _of_table(ruleset, table)
        yield Firewall(one["name"], one["detail"], obstacle, tables=(table,))


def _of_table(ruleset: list[_nft.Item], table: str) -> str:
    """Why it can be taken away but not be brought back, or not be taken away."""
    inside = [item for item in ruleset if _table_of(item) == table]
    chains = [item["chain"]["name"] for item in inside if "chain" in item]
    if shared := _shared(chains):
        return shared
    if hooks := _rewriting(inside):
        return f"it translates addresses as well ({', '.join(hooks)}); ours translates none"
    if any("owner" in (item.get("table") or {}).get("flags", []) for item in inside):
        return "it belongs to a program that runs, and goes with that alone"
    foreign = any("xt" in one for item in inside for one in (item.get("rule") or {}).get("expr", []))
    if foreign and table not in OF_IPTABLES:
        return "it has rules of iptables in a table that iptables cannot write down"
    if foreign and not shutil.which("iptables-nft-save", path=_programs.ENVIRONMENT["PATH"]):
        return "it has rules of iptables, which is not installed"
    return ""


def _table_of(item: _nft.Item) -> str:
    kind = next(iter(item), "")
    one = item[kind]
    return f"{one.get('family')} {one.get('name' if kind == 'table' else 'table')}"


def _shared(chains: t.Iterable[str]) -> str:
    """With programs that write their rules anew while they run."""
    for prefix, name in (("DOCKER", "Docker"), ("f2b-", "fail2ban")):
        if any(chain.startswith(prefix) for chain in chains):
            return f"it holds chains of {name}, which writes them by itself"
    return ""


def _rewriting(items: list[_nft.Item]) -> list[str]:
    return [hook for hook in _nft_properties.translations(items) if hook != "loopback"]


def _translated(ruleset: list[_nft.Item], programs: list[str]) -> str:
    """Whoever loads filters at boot may load that too, and would not any more. Docker does so by itself."""
    found = []
    for table in sorted({_table_of(item) for item in ruleset if "table" in item}):
        inside = [item for item in ruleset if _table_of(item) == table]
        if _rewriting(inside) and not _shared(item["chain"]["name"] for item in inside if "chain" in item):
            found.append(f"table {table}")
    for program in programs:
        saved = _programs.run([program, "-t", "nat"]).out
        rewriting = _nft_properties.translations_of_iptables(saved) - {"loopback"}
        found += [f"{program} -t nat"] if rewriting and not _shared(_chains(saved)) else []
    return TRANSLATES.format(", ".join(found)) if found else ""


def _chains(saved: str) -> list[str]:
    return re.findall(r"^:(\S+)", saved, re.MULTILINE)


def _by_iptables(
    program: str, name: str, tables: tuple[str, ...] = (), legacy: tuple[str, ...] = ()
) -> t.Iterator[Firewall]:
    saved = _programs.run([program, "-t", "filter"]).out
    if detail := _filtering(saved):
        yield Firewall(name, detail, _shared(_chains(saved)), tables=tables, legacy=legacy)


def _filtering(saved: str) -> str:
    """Of the table `filter` as iptables-save writes it: how many rules; what Docker forwards is left alone."""
    table = re.search(r"^\*filter$(.*?)(?=^\*|\Z)", saved, re.MULTILINE | re.DOTALL)
    text = table[1] if table else ""
    hooks = "INPUT|OUTPUT" if re.search(r"^:DOCKER", text, re.MULTILINE) else "INPUT|OUTPUT|FORWARD"
    count = len(re.findall(rf"^(?:\[\d+:\d+\] )?-A (?:{hooks}) ", text, re.MULTILINE))
    dropping = re.search(rf"^:(?:{hooks}) DROP", text, re.MULTILINE)
    return f"table filter, {count} rules" if count or dropping else ""


def _legacy(proc: str, table: str) -> list[str]:
    return [
        f"{family}tables"
        for family in ("ip", "ip6")
        if table in _files.read(f"{proc}/self/net/{family}_tables_names").split()
    ]


def _saving_nat(answered: bool, proc: str) -> list[str]:
    """Where nft is not there yet, and for tables from before it."""
    asked = [] if answered else ["iptables-save", "ip6tables-save"]
    return [*asked, *(f"{program}-legacy-save" for program in _legacy(proc, "nat"))]


def translations(ruleset: list[_nft.Item], answered: bool, proc: str) -> list[str]:
    """Where addresses are rewritten, by whomever."""
    found = set(_nft_properties.translations(ruleset))
    for program in _saving_nat(answered, proc):
        found |= _nft_properties.translations_of_iptables(_programs.run([program, "-t", "nat"]).out)
    return sorted(found)


def kept_aside() -> list[dict[str, t.Any]]:
    """What was switched off and not brought back since, the oldest first."""
    places = [path.parent for path in Path(ASIDE).glob("*/names") if path.parent.name != "coming"]
    there = [place for place in places if not (place / "restored").exists()]
    return [
        {"names": _files.read(f"{place}/names").splitlines(), "place": str(place)}
        for place in sorted(there, key=lambda place: place.stat().st_mtime)
    ]
