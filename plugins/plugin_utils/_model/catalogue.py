# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's keywords as data.

One line a keyword, in the order in which a section prints them:

    keyword | sections | mode | since | what it does

The sections are g(lobal), d(efaults), f(rontend), b(ackend), B(ind), S(erver). A `*` behind the keyword says that it
may be given as a list, a line each. The arguments are printed as they are written. `mode` is `http` where HAProxy
accepts or means the keyword in HTTP mode only; `since` is the first version that has it, empty for everything up to
2.4, the oldest that is supported. Sources: the configuration manuals of HAProxy 2.4, 2.6 and 3.0.
"""

from __future__ import annotations

import typing as t

SECTION_OF_LETTER = {"g": "global", "d": "defaults", "f": "frontend", "b": "backend", "B": "bind", "S": "server"}

TABLE = """
chroot                              | g    |      |     | the directory that the process locks itself into
user                                | g    |      |     | the user that the process becomes
group                               | g    |      |     | the group that the process becomes
stats socket*                       | g    |      |     | a further runtime socket; the administrators' is always there
stats timeout                       | g    |      |     | how long a runtime connection may be idle
nbthread                            | g    |      |     | the number of threads; unset: one for each processor
cpu-map*                            | g    |      |     | which threads run on which processors
hard-stop-after                     | g    |      |     | how long an old process may live after a reload
close-spread-time                   | g    |      | 2.6 | over how long idle connections are closed at a reload
mworker-max-reloads                 | g    |      |     | how many reloads an old worker may survive
ssl-default-bind-options            | g    |      |     | TLS versions and options of every bind
ssl-default-bind-ciphers            | g    |      |     | ciphers of every bind up to TLS 1.2
ssl-default-bind-ciphersuites       | g    |      |     | cipher suites of every bind in TLS 1.3
ssl-default-bind-curves             | g    |      |     | curves of every bind
ssl-default-server-options          | g    |      |     | TLS versions and options of every server
ssl-default-server-ciphers          | g    |      |     | ciphers of every server up to TLS 1.2
ssl-default-server-ciphersuites     | g    |      |     | cipher suites of every server in TLS 1.3
ssl-server-verify                   | g    |      |     | whether certificates of servers are verified
maxconnrate                         | g    |      |     | new connections a second at the most
maxsslconn                          | g    |      |     | TLS connections at once at the most
maxsslrate                          | g    |      |     | new TLS connections a second at the most
maxsessrate                         | g    |      |     | new sessions a second at the most
maxpipes                            | g    |      |     | pipes for splicing at the most
spread-checks                       | g    |      |     | percentage by which checks are spread in time
server-state-base                   | g    |      |     | where server states are kept
server-state-file                   | g    |      |     | the file that server states are kept in
setenv*                             | g    |      |     | an environment variable of the process
tune.bufsize                        | g    |      |     | bytes of a buffer
tune.maxrewrite                     | g    |      |     | bytes of a buffer kept for rewriting
tune.http.maxhdr                    | g    |      |     | headers of a request at the most
tune.h2.max-concurrent-streams      | g    |      |     | HTTP/2 streams of a connection at once
tune.ssl.default-dh-param           | g    |      |     | bits of the Diffie-Hellman parameters
tune.ssl.cachesize                  | g    |      |     | TLS sessions that are cached
tune.ssl.lifetime                   | g    |      |     | seconds that a cached TLS session lives
description                         | fb   |      |     | a text for the statistics
disabled                            | fb   |      |     | the section is there and does not serve
id                                  | fb   |      |     | the number of the section
backlog                             | df   |      |     | connections that the kernel may queue
maxconn                             | df   |      |     | connections of the frontend at once
balance                             | db   |      |     | how a server is chosen for a request
hash-type                           | db   |      |     | how hashes map to servers
hash-balance-factor                 | db   |      |     | how far a server may be above the average, in percent
fullconn                            | db   |      |     | at which load servers get their whole maxconn
retries                             | db   |      |     | how often a connection to a server is tried again
retry-on                            | db   | http |     | which failures are tried again
http-reuse                          | db   | http |     | when a connection to a server is shared
cookie                              | db   | http |     | a cookie that keeps a client on its server
source                              | db   |      |     | the address that servers are reached from
dispatch                            | b    |      |     | an address that takes all requests
load-server-state-from-file         | db   |      |     | where the state of servers is read at the start
monitor-uri                         | df   | http |     | a path that HAProxy answers by itself
monitor fail*                       | f    | http |     | when the monitor answers that it failed
rate-limit sessions                 | df   |      |     | new sessions a second at the most
unique-id-format                    | df   | http |     | the format of the identifier of a request
unique-id-header                    | df   | http |     | the header that carries that identifier
capture request header*             | f    | http |     | a request header that is logged
capture response header*            | f    | http |     | a response header that is logged
capture cookie                      | f    | http |     | a cookie that is logged
compression algo                    | dfb  | http |     | algorithms of compression
compression type                    | dfb  | http |     | types of content that are compressed
errorfile*                          | dfb  | http |     | the answer for an error of HAProxy's own
errorloc302*                        | dfb  | http |     | where the client is sent for an error
errorloc303*                        | dfb  | http |     | where the client is sent for an error, by GET
email-alert mailers                 | dfb  |      |     | who is told of state changes
filter*                             | fb   |      |     | a filter
log*                                | gdfb |      |     | where logs go
log-format                          | df   |      |     | the format of a log line
log-format-sd                       | df   |      |     | the structured part of a log line
log-tag                             | gdfb |      |     | the name in a log line
stats enable                        | fb   | http |     | the statistics page; give it a frontend of its own
stats uri                           | fb   | http |     | the path of the statistics page
stats refresh                       | fb   | http |     | how often the statistics page reloads
stats realm                         | fb   | http |     | the realm that the statistics page asks a password for
stats auth*                         | fb   | http |     | a user and a password of the statistics page
stats hide-version                  | fb   | http |     | no version in the statistics page
stats show-legends                  | fb   | http |     | more detail in the statistics page
stats http-request*                 | fb   | http |     | who may see the statistics page
declare capture*                    | f    |      |     | room for a captured value
stick-table                         | fb   |      |     | a table of keys and counters
stick on*                           | b    |      |     | what keeps a client on its server
stick match*                        | b    |      |     | what finds the server of a client
stick store-request*                | b    |      |     | what is remembered of a request
stick store-response*               | b    |      |     | what is remembered of a response
use-server*                         | b    |      |     | when a certain server is used
force-persist*                      | b    |      |     | when a server that is down is used
ignore-persist*                     | b    |      |     | when persistence is ignored
external-check command              | db   |      |     | a program that checks servers
external-check path                 | db   |      |     | the path of that program
timeout client                      | df   |      |     | how long a client may be silent
timeout client-fin                  | df   |      |     | how long a half-closed client may be silent
timeout http-request                | df   | http |     | how long a request may take to arrive
timeout http-keep-alive             | df   | http |     | how long a client may wait before its next request
timeout tarpit                      | dfb  | http |     | how long a tarpitted request is held
timeout connect                     | db   |      |     | how long a connection to a server may take
timeout server                      | db   |      |     | how long a server may be silent
timeout server-fin                  | db   |      |     | how long a half-closed server may be silent
timeout queue                       | db   |      |     | how long a request may wait for a server
timeout check                       | db   |      |     | how long a check may take after its connection
timeout tunnel                      | db   |      |     | how long a tunnel (websocket, TCP) may be silent
option abortonclose                 | db   |      |     | give up queued requests of clients that left
option accept-invalid-http-request  | df   | http |     | let broken requests through; not for a public node
option accept-invalid-http-response | db   | http |     | let broken responses through
option allbackups                   | db   |      |     | use all backup servers, not only the first
option checkcache                   | db   | http |     | refuse responses that caches could leak
option clitcpka                     | df   |      |     | TCP keep-alive towards clients
option contstats                    | df   |      |     | count long transfers while they run
option dontlog-normal               | df   |      |     | log only what went wrong
option dontlognull                  | df   |      |     | no log line for a connection without data
option forwardfor                   | dfb  | http |     | tell servers the address of the client
option h1-case-adjust-bogus-client  | df   | http |     | adjust the case of headers for a client
option h1-case-adjust-bogus-server  | db   | http |     | adjust the case of headers for a server
option http-buffer-request          | dfb  | http |     | wait for the body before a server is chosen
option http-ignore-probes           | df   | http |     | no error for a browser's empty connection
option http-keep-alive              | dfb  | http |     | keep connections on both sides
option http-no-delay                | dfb  | http |     | send small pieces at once
option http-pretend-keepalive       | db   | http |     | announce keep-alive to a server that is closed
option http-restrict-req-hdr-names  | dfb  | http | 2.6 | what becomes of headers with odd names
option http-server-close            | dfb  | http |     | close the server's side after each answer
option http-use-proxy-header        | df   | http |     | honour Proxy-Connection
option httpchk                      | db   |      |     | check servers by HTTP; `check` says it with types
option httpclose                    | dfb  | http |     | close both sides after each answer
option httplog                      | df   | http |     | one line with everything about a request
option httpslog                     | df   | http |     | the same with TLS
option idle-close-on-response       | df   | http |     | let idle clients of an old process go between answers
option independent-streams          | dfb  |      |     | each direction has its own timeout
option ldap-check                   | db   |      |     | check servers by LDAP
option log-health-checks            | db   |      |     | log each change of a check
option log-separate-errors          | df   |      |     | errors at a higher level
option logasap                      | df   |      |     | log before the transfer ends
option mysql-check                  | db   |      |     | check servers by MySQL
option nolinger                     | dfb  |      |     | drop pending data when closing
option originalto                   | dfb  | http |     | tell servers the address that the client asked
option persist                      | db   |      |     | use the cookie's server even when it is down
option pgsql-check                  | db   |      |     | check servers by PostgreSQL
option prefer-last-server           | db   |      |     | keep a connection on its server
option redis-check                  | db   |      |     | check servers by Redis
option redispatch                   | db   |      |     | another server when the chosen one fails
option smtpchk                      | db   |      |     | check servers by SMTP
option socket-stats                 | f    |      |     | counters for each bind
option splice-auto                  | dfb  |      |     | splice where it helps
option splice-request               | dfb  |      |     | splice requests
option splice-response              | dfb  |      |     | splice responses
option srvtcpka                     | db   |      |     | TCP keep-alive towards servers
option ssl-hello-chk                | db   |      |     | check servers by a TLS hello
option tcp-check                    | db   |      |     | check servers by a script
option tcp-smart-accept             | df   |      |     | save a packet when accepting
option tcp-smart-connect            | db   |      |     | save a packet when connecting
option tcpka                        | dfb  |      |     | TCP keep-alive on both sides
option tcplog                       | df   |      |     | one line about a connection
option transparent                  | db   |      |     | the client's own destination
acl*                                | fb   |      |     | a named condition
tcp-request*                        | fb   |      |     | rules for connections
tcp-response*                       | b    |      |     | rules for what servers send
http-request*                       | fb   | http |     | rules for requests
http-response*                      | fb   | http |     | rules for responses
http-after-response*                | fb   | http |     | rules for every answer, HAProxy's own too
http-check*                         | b    |      |     | the steps of an HTTP check
tcp-check*                          | b    |      |     | the steps of a TCP check
accept-proxy                        | B    |      |     | expect the PROXY protocol
alpn                                | B    |      |     | protocols offered in TLS
crt                                 | B    |      |     | file of a certificate and its key
defer-accept                        | B    |      |     | accept when data has arrived
interface                           | B    |      |     | listen on one interface only
nice                                | B    |      |     | priority of the connections
ssl                                 | BS   |      |     | TLS
tfo                                 | BS   |      |     | TCP fast open
transparent                         | B    |      |     | listen on addresses that are not here
strict-sni                          | B    |      |     | no certificate for an unknown name
agent-addr                          | S    |      |     | address of the agent
agent-inter                         | S    |      |     | how often the agent is asked
agent-port                          | S    |      |     | port of the agent
ca-file                             | BS   |      |     | authorities that certificates are verified with
cookie                              | S    |      |     | the server's value of the cookie
downinter                           | S    |      |     | time between checks of a server that is down
error-limit                         | S    |      |     | errors that take a server out
fastinter                           | S    |      |     | time between checks in transition
inter                               | S    |      |     | time between checks
fall                                | S    |      |     | failed checks that take a server out
rise                                | S    |      |     | good checks that take a server in
init-addr                           | S    |      |     | how a name is resolved at the start
maxqueue                            | S    |      |     | requests that wait for the server at the most
minconn                             | S    |      |     | connections at low load
observe                             | S    |      |     | watch the traffic for errors
on-error                            | S    |      |     | what an observed error does
on-marked-down                      | S    |      |     | what happens to sessions of a server that goes down
on-marked-up                        | S    |      |     | what happens to sessions of backups
resolvers                           | S    |      |     | who resolves the name
send-proxy                          | S    |      |     | send the PROXY protocol
send-proxy-v2                       | S    |      |     | send the PROXY protocol, version 2
slowstart                           | S    |      |     | how long a server takes to get its whole share
sni                                 | S    |      |     | the name sent in TLS
track                               | S    |      |     | take the state of another server
verify                              | S    |      |     | whether the certificate is verified
verifyhost                          | S    |      |     | the name in the certificate
"""


class Keyword(t.NamedTuple):
    name: str
    sections: tuple[str, ...]
    http_only: bool
    since: str
    doc: str
    many: bool
    order: int

    @property
    def key(self) -> str:
        """The keyword as a variable: dashes and blanks are underscores."""
        return self.name.replace("-", "_").replace(" ", "_")

    @property
    def family(self) -> str:
        """`option` and `timeout` are families with a variable of their own; everything else stands by itself."""
        first = self.name.split(" ")[0]
        return first if first in ("option", "timeout") else ""

    @property
    def short(self) -> str:
        """The name within its family, as HAProxy writes it."""
        return self.name.split(" ", 1)[1] if self.family else self.name


def _read(table: str) -> tuple[Keyword, ...]:
    keywords = []
    for order, line in enumerate(table.strip().splitlines()):
        name, letters, mode, since, doc = (cell.strip() for cell in line.split("|", 4))
        sections = tuple(SECTION_OF_LETTER[letter] for letter in letters)
        keywords.append(Keyword(name.rstrip("*"), sections, mode == "http", since, doc, name.endswith("*"), order))
    return tuple(keywords)


KEYWORDS = _read(TABLE)

# What begins a section of its own (configuration manual, 3.0).
SECTIONS = (
    *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers", "cache"),
    *("program", "http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme"),
)

RULE_FAMILIES = (
    "tcp-request",
    "http-request",
    "tcp-response",
    "http-response",
    "http-after-response",
    "http-check",
    "tcp-check",
)

ALGORITHMS = {
    "roundrobin": "in turn, by weight",
    "static-rr": "in turn, weights fixed at the start",
    "leastconn": "the server with the fewest connections",
    "first": "the first server that has room",
    "source": "by a hash of the client's address",
    "uri": "by a hash of the path",
    "url_param": "by a hash of a parameter",
    "hdr": "by a hash of a header",
    "hash": "by a hash of any expression (2.6)",
    "random": "by chance, by weight",
    "rdp-cookie": "by the cookie of RDP",
    "log-hash": "by a hash of a log line (2.9)",
    "log-sticky": "a log server until it fails (2.9)",
    "sticky": "a server until it fails (3.0)",
}
ALGORITHM_SINCE = {"hash": "2.6", "log-hash": "2.9", "log-sticky": "2.9", "sticky": "3.0"}

# balance roundrobin keeps its servers in a structure of this size (configuration manual, "balance").
ROUNDROBIN_LIMIT = 4095

# A line of one of these forms holds a secret where no placeholder stands (configuration manual, the keyword's section).
SECRET_FORMS = (
    r"^stats auth\s+[^:\s]+:(?P<secret>.+)",
    r"^user\s+\S+\s+(?:insecure-)?password\s+(?P<secret>\S+)",
    r"(?i)set-header\s+authorization\s+(?P<secret>.+)",
)


def of_section(section: str) -> dict[str, Keyword]:
    """The keywords of a section that are variables by themselves, by variable."""
    return {k.key: k for k in KEYWORDS if section in k.sections and not k.family}


def of_family(family: str, section: str) -> dict[str, Keyword]:
    """The options or timeouts of a section, by HAProxy's own short name."""
    return {k.short: k for k in KEYWORDS if k.family == family and section in k.sections}


def version(text: str) -> tuple[int, ...]:
    """`2.6.12-1` as numbers that compare: (2, 6)."""
    major, minor = [*text.split("-")[0].split("+")[0].split("."), "0"][:2]
    return (int(major), int(minor))
