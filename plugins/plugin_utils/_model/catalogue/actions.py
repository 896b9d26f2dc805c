# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of the families of rules, and steps of checks: action | families | since | kind | what it does.

Families: Q http-request, R http-response, A http-after-response, C tcp-request connection, E tcp-request session,
T tcp-request content, P tcp-response content, H http-check, K tcp-check. Lines that belong to a family and are no
action: t tcp-request, p tcp-response. `final`: no further rule of the family is evaluated. An action that families have
since different versions has a line for each of them. Names in parentheses behind an action are not part of it.
"""

from __future__ import annotations

TABLE = """
inspect-delay        | tp        |     | time | how long rules may wait for data
accept               | CETP      |     | final | let it through
allow                | QRA       |     | final | let it through
reject               | CETPQ     |     | final | close the connection
deny                 | QR        |     | final | refuse by an answer
tarpit               | Q         |     | final | refuse by an answer, after a while
return               | QR        |     | final @file @http-errors | answer from here
redirect             | QR        |     | final | answer by sending the client elsewhere
auth                 | Q         |     | final | ask for a password
silent-drop          | CETPQR    |     | final | forget the connection without telling the client
close                | P         |     | final | close the connection to the server
use-service          | QT        |     | final | a service of HAProxy's or of Lua answers
switch-mode          | T         |     | final | go on in HTTP
attach-srv           | E         | 3.0 | @server | keep the connection for a server behind it (experimental)
expect-proxy         | C         |     | | expect the PROXY protocol
expect-netscaler-cip | C         |     | | expect the address of the client as NetScaler sends it
wait-for-handshake   | Q         |     | | wait for the end of the TLS handshake
wait-for-body        | QR        |     | | wait for the body, or a part of it
cache-use            | Q         |     | @cache | answer from a cache, if it can
cache-store          | R         |     | @cache | put the answer into a cache
capture              | QRAT      |     | | keep a value for the logs
normalize-uri        | Q         |     | | write the path in one of its many forms
early-hint           | Q         |     | | tell the client of things to load, ahead of the answer
disable-l7-retry     | Q         |     | flag | the request is not tried again
do-resolve           | QT        |     | @resolvers | resolve a name into a variable
set-method           | Q         |     | | change the method
set-uri              | Q         |     | | change the whole URI
set-path             | Q         |     | | change the path
set-pathq            | Q         |     | | change path and query
set-query            | Q         |     | | change the query
replace-uri          | Q         |     | | change the URI where it matches
replace-path         | Q         |     | | change the path where it matches
replace-pathq        | Q         |     | | change path and query where they match
set-header           | QRA       |     | | a header instead of those of its name
add-header           | QRA       |     | | one more header
del-header           | QRA       |     | | remove headers
replace-header       | QRA       |     | | change headers that match
replace-value        | QRA       |     | | change values in headers that match
set-status           | RA        |     | | change the status
set-var              | QRACETPHK |     | | a variable, from an expression
set-var-fmt          | QRACETPHK | 2.6 | | a variable, from a format
unset-var            | QRACETPHK |     | | remove a variable
set-map              | QR        |     | @map | an entry of a map
set-map              | A         | 3.0 | @map | an entry of a map
del-map              | QR        |     | @map | remove an entry of a map
del-map              | A         | 3.0 | @map | remove an entry of a map
add-acl              | QR        |     | @file | a value of an acl's file
del-acl              | QR        |     | @file | remove a value of an acl's file
track-sc0            | CETQR     |     | @table | count by the first counter
track-sc1            | CETQR     |     | @table | count by the second counter
track-sc2            | CETQR     |     | @table | count by the third counter
sc-add-gpc           | QRACETP   | 3.0 | | add to a counter of general purpose
sc-inc-gpc           | QRCETP    | 2.6 | | count in a counter of general purpose
sc-inc-gpc           | A         | 3.0 | | count in a counter of general purpose
sc-inc-gpc0          | QRCETP    |     | | count in the first counter of general purpose
sc-inc-gpc0          | A         | 3.0 | | count in the first counter of general purpose
sc-inc-gpc1          | QRCETP    |     | | count in the second counter of general purpose
sc-inc-gpc1          | A         | 3.0 | | count in the second counter of general purpose
sc-set-gpt           | QRCETP    | 2.6 | | a tag of general purpose
sc-set-gpt           | A         | 3.0 | | a tag of general purpose
sc-set-gpt0          | QRCETP    |     | | the first tag of general purpose
sc-set-gpt0          | A         | 3.0 | | the first tag of general purpose
set-bandwidth-limit  | QRTP      | 3.0 | | limit the bandwidth by a filter for it
set-dst              | QCET      |     | | change the address that the client asked
set-dst-port         | QCET      |     | | change the port that the client asked
set-src              | QCET      |     | | change the address of the client
set-src-port         | QCET      |     | | change the port of the client
set-fc-mark          | QRCETP    | 3.0 | build:NETFILTER | a mark of the kernel on packets to the client
set-fc-tos           | QRCETP    | 3.0 | | the class of packets to the client
set-bc-mark          | QT        | 3.0 | build:NETFILTER | a mark of the kernel on packets to the server
set-bc-tos           | QT        | 3.0 | | the class of packets to the server
set-mark             | QRCETP    |     | build:NETFILTER | the old name of set-fc-mark
set-tos              | QRCETP    |     | | the old name of set-fc-tos
set-log-level        | QRTP      |     | | how important the log line is
set-log-level        | A         | 3.0 | | how important the log line is
set-nice             | QRTP      |     | int | priority of the work
set-priority-class   | QT        |     | | the class of the request in the queue
set-priority-offset  | QT        |     | | how long the request seems to have waited in the queue
set-timeout          | Q         |     | | another timeout for this request
set-timeout          | R         | 3.0 | | another timeout for this answer
send-spoe-group      | QRTP      |     | | ask agents over SPOP
strict-mode          | QRA       |     | | whether a rewrite that fails is an error
lua                  | QRACETP   |     | build:LUA | an action that Lua registers, with its name behind the dot
comment              | HK        |     | | what a failure of the next step is reported as
connect              | HK        |     | | connect, once more or elsewhere
send                 | H         |     | | send a request
send                 | K         |     | | send text
send-lf              | K         |     | | send text from a format
send-binary          | K         |     | | send bytes
send-binary-lf       | K         |     | | send bytes from a format
expect               | HK        |     | | what a good answer is
disable-on-404       | H         |     | flag | a server that answers 404 gets no new clients
send-state           | H         |     | flag | tell the server what we think of it
"""
