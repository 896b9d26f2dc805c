# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords of the smaller sections: keyword | section | mode | since | kind | what it does (see the package)."""

from __future__ import annotations

TABLE = """
group*                | userlist    |  |     | | a group and its users
user*                 | userlist    |  |     | key:users secret | a user and a password
bind*                 | peers       |  |     | | where this node listens for its peers
default-bind          | peers       |  |     | | parameters of that bind
default-server        | peers       |  |     | | parameters of all peers
disabled              | peers       |  |     | flag | the section is there and does nothing
enabled               | peers       |  |     | flag | the section works, as it does anyway
shards                | peers       |  | 3.0 | int | parts that tables are spread over
log*                  | peers       |  |     | @ring | where logs go
peer*                 | peers       |  |     | | a peer and its address
server*               | peers       |  |     | | a peer with parameters of a server
table*                | peers       |  |     | @table | a table of keys and counters that peers share
mailer*               | mailers     |  |     | | a mail server
timeout mail          | mailers     |  |     | time | how long a mail may take
nameserver*           | resolvers   |  |     | | a name server
parse-resolv-conf     | resolvers   |  |     | flag | take the name servers of the system
accepted_payload_size | resolvers   |  |     | int | bytes of an answer at the most
resolve_retries       | resolvers   |  |     | int | how often a question is asked
hold*                 | resolvers   |  |     | | how long an answer of a kind counts
timeout resolve       | resolvers   |  |     | time | time between two resolutions of a name
timeout retry         | resolvers   |  |     | time | time until a question is asked again
total-max-size        | cache       |  |     | int | megabytes of the cache
max-object-size       | cache       |  |     | int | bytes of a cached answer at the most
max-age               | cache       |  |     | int | seconds that an answer is kept at the most
process-vary          | cache       |  |     | | whether answers with Vary are kept
max-secondary-entries | cache       |  |     | int | variants of an answer at the most
errorfile*            | http-errors |  |     | @file | the answer for an error
description           | ring        |  |     | | a text about the ring
format                | ring        |  |     | | the format of its lines
maxlen                | ring        |  |     | int | characters of a line at the most
size                  | ring        |  |     | size | bytes of the ring
backing-file          | ring        |  | 2.6 | | the file that the ring is kept in
timeout connect       | ring        |  |     | time | how long a connection to a log server may take
timeout server        | ring        |  |     | time | how long a log server may be silent
server*               | ring        |  |     | | a log server that reads the ring
bind*                 | log-forward |  |     | | where logs come in over TCP
dgram-bind*           | log-forward |  |     | | where logs come in over UDP
backlog               | log-forward |  |     | int | connections that the kernel may queue
maxconn               | log-forward |  |     | int | connections at once
timeout client        | log-forward |  |     | time | how long a client may be silent
log*                  | log-forward |  |     | @ring @backend | where logs go
docroot               | fcgi-app    |  |     | | where scripts are on the server
index                 | fcgi-app    |  |     | | the script of a directory
path-info             | fcgi-app    |  |     | | how a path is taken apart
acl*                  | fcgi-app    |  |     | @file | a named condition
pass-header*          | fcgi-app    |  |     | | a header that is passed on
set-param*            | fcgi-app    |  |     | | a parameter of the script
log-stderr*           | fcgi-app    |  |     | @ring | where errors of the application go
option get-values     | fcgi-app    |  |     | flag | ask the application what it can do
option keep-conn      | fcgi-app    |  |     | flag | keep connections to the application
option max-reqs       | fcgi-app    |  |     | int | requests of a connection at once
option mpxs-conns     | fcgi-app    |  |     | flag | several requests share a connection
crt-base              | crt-store   |  | 3.0 | | where relative names of certificates' files begin
key-base              | crt-store   |  | 3.0 | | where relative names of keys' files begin
load*                 | crt-store   |  | 3.0 | build:OPENSSL @file | a certificate with its parts
"""
