# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a server line: keyword | sections | mode | since | kind | what it does (see the package)."""

from __future__ import annotations

TABLE = """
id                      | S |      |     | none:made of the server's name, the same on every balancer
    | the number of the server
guid                    | S |      | 3.0 | | a name of the server that is unique everywhere
check                   | S |      |     | key:check | the server is checked
port                    | S |      |     | key:check | another port to check
weight                  | S |      |     | key:weight | share of the traffic
maxconn                 | S |      |     | key:maxconn | connections at once
backup                  | S |      |     | key:backup | used only when all others are down
disabled                | S |      |     | key:disabled | in maintenance from the start
enabled                 | S |      |     | flag | in service, whatever the defaults say
minconn                 | S |      |     | int | connections at low load
maxqueue                | S |      |     | int | requests that wait for the server at the most
max-reuse               | S | http |     | int | how often a connection is used again
pool-max-conn           | S | http |     | int | idle connections at the most
pool-low-conn           | S | http |     | int | idle connections below which threads share none
pool-purge-delay        | S | http |     | time | how often idle connections are thinned out
pool-conn-name          | S | http | 3.0 | | what an idle connection is recognised by
cookie                  | S | http |     | | the server's value of the cookie
redir                   | S | http |     | | where requests for the server are redirected to
hash-key                | S |      | 3.0 | | what the server's place in hashes comes from
slowstart               | S |      |     | time | how long a server takes to get its whole share
track                   | S |      |     | @server | take the state of another server
stick                   | S |      |     | flag | stick tables remember the server
non-stick               | S |      |     | flag | stick tables never remember the server
addr                    | S |      |     | | another address to check
inter                   | S |      |     | time | time between checks
fastinter               | S |      |     | time | time between checks in transition
downinter               | S |      |     | time | time between checks of a server that is down
fall                    | S |      |     | int | failed checks that take a server out
rise                    | S |      |     | int | good checks that take a server in
check-ssl               | S |      |     | build:OPENSSL flag | checks use TLS
check-sni               | S |      |     | build:OPENSSL | the name sent in the TLS of checks
check-alpn              | S |      |     | build:OPENSSL | protocols offered in the TLS of checks
check-proto             | S |      |     | | the one protocol of checks
check-send-proxy        | S |      |     | flag | checks send the PROXY protocol
check-via-socks4        | S |      |     | flag | checks go through the SOCKS4 proxy
agent-check             | S |      |     | flag | an agent on the server is asked for its state
agent-send              | S |      |     | | what is sent to the agent
agent-addr              | S |      |     | | address of the agent
agent-port              | S |      |     | int | port of the agent
agent-inter             | S |      |     | time | how often the agent is asked
observe                 | S |      |     | | watch the traffic for errors
error-limit             | S |      |     | int | errors that take a server out
on-error                | S |      |     | | what an observed error does
on-marked-down          | S |      |     | | what happens to sessions of a server that goes down
on-marked-up            | S |      |     | | what happens to sessions of backups
init-addr               | S |      |     | | how a name is resolved at the start
resolvers               | S |      |     | @resolvers | who resolves the name
resolve-prefer          | S |      |     | | the family of addresses that is preferred
resolve-net             | S |      |     | | networks whose addresses are preferred
resolve-opts            | S |      |     | | how addresses of a name may be used
source                  | S |      |     | | the address that the server is reached from
namespace               | S |      |     | build:NS | reach the server in a network namespace
socks4                  | S |      |     | | the SOCKS4 proxy that the server is reached through
tcp-ut                  | S |      |     | time | how long sent data may stay unacknowledged
tfo                     | S |      |     | build:TFO flag | TCP fast open
proto                   | S |      |     | | the one protocol that is spoken
ws                      | S | http | 2.6 | | the protocol that carries websockets
send-proxy              | S |      |     | flag | send the PROXY protocol
send-proxy-v2           | S |      |     | flag | send the PROXY protocol, version 2
send-proxy-v2-ssl       | S |      |     | build:OPENSSL flag | the same, with facts of the client's TLS
send-proxy-v2-ssl-cn    | S |      |     | build:OPENSSL flag | the same, with the name in the client's certificate
proxy-v2-options        | S |      |     | | further facts in that protocol
set-proxy-v2-tlv-fmt*   | S |      | 3.0 | | a fact of our own in that protocol
log-proto               | S |      |     | | how log lines are framed
log-bufsize             | S |      | 3.0 | int | bytes of the queue of log lines
shard                   | S |      | 3.0 | int | the part of the tables that a peer gets
ssl                     | S |      |     | build:OPENSSL flag | TLS
verify                  | S |      |     | build:OPENSSL | whether the certificate is verified
verifyhost              | S |      |     | build:OPENSSL | the name in the certificate
sni                     | S |      |     | build:OPENSSL | the name sent in TLS
alpn                    | S |      |     | build:OPENSSL | protocols offered in TLS
npn                     | S |      |     | build:OPENSSL | protocols offered in TLS, the way before alpn
ca-file                 | S |      |     | build:OPENSSL @file | authorities that certificates are verified with
crl-file                | S |      |     | build:OPENSSL @file | certificates that are revoked
crt                     | S |      |     | build:OPENSSL @file | our certificate and its key
ciphers                 | S |      |     | build:OPENSSL | ciphers up to TLS 1.2
ciphersuites            | S |      |     | build:OPENSSL | cipher suites of TLS 1.3
curves                  | S |      | 3.0 | build:OPENSSL | curves of TLS
sigalgs                 | S |      | 3.0 | build:OPENSSL | signature algorithms
client-sigalgs          | S |      | 3.0 | build:OPENSSL | signature algorithms of our certificate
ssl-min-ver             | S |      |     | build:OPENSSL | the lowest version of TLS
ssl-max-ver             | S |      |     | build:OPENSSL | the highest version of TLS
force-sslv3             | S |      |     | build:OPENSSL flag | SSLv3 only; broken for long
force-tlsv10            | S |      |     | build:OPENSSL flag | TLS 1.0 only
force-tlsv11            | S |      |     | build:OPENSSL flag | TLS 1.1 only
force-tlsv12            | S |      |     | build:OPENSSL flag | TLS 1.2 only
force-tlsv13            | S |      |     | build:OPENSSL flag | TLS 1.3 only
ssl-reuse               | S |      |     | build:OPENSSL flag | TLS sessions are resumed
tls-tickets             | S |      |     | build:OPENSSL flag | TLS sessions are resumed by tickets
allow-0rtt              | S |      |     | build:OPENSSL flag | data may go with the TLS greeting; it can be replayed
no-check                | S |      |     | flag | undoes check of the defaults
no-check-ssl            | S |      |     | build:OPENSSL flag | undoes check-ssl of the defaults
no-agent-check          | S |      |     | flag | undoes agent-check of the defaults
no-backup               | S |      |     | flag | undoes backup of the defaults
no-send-proxy           | S |      |     | flag | undoes send-proxy of the defaults
no-send-proxy-v2        | S |      |     | flag | undoes send-proxy-v2 of the defaults
no-send-proxy-v2-ssl    | S |      |     | build:OPENSSL flag | undoes send-proxy-v2-ssl of the defaults
no-send-proxy-v2-ssl-cn | S |      |     | build:OPENSSL flag | undoes send-proxy-v2-ssl-cn of the defaults
no-ssl                  | S |      |     | build:OPENSSL flag | undoes ssl of the defaults
no-ssl-reuse            | S |      |     | build:OPENSSL flag | TLS sessions are not resumed
no-tls-tickets          | S |      |     | build:OPENSSL flag | TLS sessions are not resumed by tickets
no-verifyhost           | S |      |     | none:HAProxy does not know it, though its manual does
    | undoes verifyhost of the defaults
no-tfo                  | S |      |     | build:TFO flag | undoes tfo of the defaults
no-sslv3                | S |      |     | build:OPENSSL flag | no SSLv3
no-tlsv10               | S |      |     | build:OPENSSL flag | no TLS 1.0
no-tlsv11               | S |      |     | build:OPENSSL flag | no TLS 1.1
no-tlsv12               | S |      |     | build:OPENSSL flag | no TLS 1.2
no-tlsv13               | S |      |     | build:OPENSSL flag | no TLS 1.3
"""
