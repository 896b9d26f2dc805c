# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a bind line: keyword | sections | mode | since | kind | what it does (see the package)."""

from __future__ import annotations

TABLE = """
accept-proxy          | B |  |      | flag | expect the PROXY protocol
accept-netscaler-cip  | B |  |      | | expect the address of the client as NetScaler sends it
ssl                   | B |  |      | build:OPENSSL flag | TLS
crt*                  | B |  |      | build:OPENSSL @file | file of a certificate and its key
default-crt*          | B |  | 3.0  | build:OPENSSL @file | the certificate for unknown names
crt-list*             | B |  |      | build:OPENSSL @file | file that lists certificates with their parameters
alpn                  | B |  |      | build:OPENSSL | protocols offered in TLS
no-alpn               | B |  | 3.0  | build:OPENSSL flag | no protocol is offered in TLS
npn                   | B |  |      | build:OPENSSL | protocols offered in TLS, the way before alpn
strict-sni            | B |  |      | build:OPENSSL flag | no certificate for an unknown name
ca-file               | B |  |      | build:OPENSSL @file | authorities that certificates are verified with
ca-verify-file        | B |  |      | build:OPENSSL @file | authorities that verify and are not told to clients
verify                | B |  |      | build:OPENSSL | whether clients must have a certificate
crl-file              | B |  |      | build:OPENSSL @file | certificates that are revoked
ca-ignore-err         | B |  |      | build:OPENSSL | which faults of authorities are passed over
crt-ignore-err        | B |  |      | build:OPENSSL | which faults of a client's certificate are passed over
no-ca-names           | B |  |      | build:OPENSSL flag | clients are not told which authorities are accepted
ca-sign-file          | B |  |      | build:OPENSSL @file | the authority that signs generated certificates
ca-sign-pass          | B |  |      | build:OPENSSL secret | the password of that authority's key
generate-certificates | B |  |      | build:OPENSSL flag | certificates are made for each name that is asked for
ciphers               | B |  |      | build:OPENSSL | ciphers up to TLS 1.2
ciphersuites          | B |  |      | build:OPENSSL | cipher suites of TLS 1.3
curves                | B |  |      | build:OPENSSL | curves of TLS
ecdhe                 | B |  |      | build:OPENSSL | the one curve of TLS
sigalgs               | B |  | 3.0  | build:OPENSSL | signature algorithms
client-sigalgs        | B |  | 3.0  | build:OPENSSL | signature algorithms accepted from clients
prefer-client-ciphers | B |  |      | build:OPENSSL flag | the client's order of ciphers counts
ssl-min-ver           | B |  |      | build:OPENSSL | the lowest version of TLS
ssl-max-ver           | B |  |      | build:OPENSSL | the highest version of TLS
force-sslv3           | B |  |      | build:OPENSSL flag | SSLv3 only; broken for long
force-tlsv10          | B |  |      | build:OPENSSL flag | TLS 1.0 only
force-tlsv11          | B |  |      | build:OPENSSL flag | TLS 1.1 only
force-tlsv12          | B |  |      | build:OPENSSL flag | TLS 1.2 only
force-tlsv13          | B |  |      | build:OPENSSL flag | TLS 1.3 only
no-sslv3              | B |  |      | build:OPENSSL flag | no SSLv3
no-tlsv10             | B |  |      | build:OPENSSL flag | no TLS 1.0
no-tlsv11             | B |  |      | build:OPENSSL flag | no TLS 1.1
no-tlsv12             | B |  |      | build:OPENSSL flag | no TLS 1.2
no-tlsv13             | B |  |      | build:OPENSSL flag | no TLS 1.3
no-tls-tickets        | B |  |      | build:OPENSSL flag | TLS sessions are not resumed by tickets
tls-ticket-keys       | B |  |      | build:OPENSSL @file | keys of tickets, shared between nodes
allow-0rtt            | B |  |      | build:OPENSSL flag | data may come with the TLS greeting; it can be replayed
proto                 | B |  |      | | the one protocol that is spoken
quic-cc-algo          | B |  | 2.6  | build:QUIC | how QUIC avoids congestion
quic-force-retry      | B |  | 2.6  | build:QUIC flag | QUIC clients must prove their address
quic-socket           | B |  | 3.0  | build:QUIC | whether QUIC connections have sockets of their own
defer-accept          | B |  |      | flag | accept when data has arrived
backlog               | B |  |      | int | connections that the kernel may queue
maxconn               | B |  |      | int | connections of the bind at once
nbconn                | B |  | 3.0  | int | connections that are opened to the other end (experimental)
nice                  | B |  |      | int | priority of the connections
interface             | B |  |      | | listen on one interface only
namespace             | B |  |      | build:NS | listen in a network namespace
transparent           | B |  |      | build:TPROXY flag | listen on addresses that are not here
v4v6                  | B |  |      | flag | an IPv6 address takes IPv4 as well
v6only                | B |  |      | flag | an IPv6 address takes IPv6 only
mss                   | B |  |      | int | bytes of a TCP segment at the most
tcp-ut                | B |  |      | time | how long sent data may stay unacknowledged
tfo                   | B |  |      | build:TFO flag | TCP fast open
shards                | B |  | 2.6  | | sockets that the bind is spread over
thread                | B |  | 2.6  | build:THREAD | threads that serve the bind
process               | B |  | <3.0 | none:thread says it without processes
    | processes and threads that serve the bind
name                  | B |  |      | | its name in the statistics
id                    | B |  |      | int | its number in the statistics
guid-prefix           | B |  | 3.0  | | how its names that are unique everywhere begin
user                  | B |  |      | | owner of a unix socket
uid                   | B |  |      | int | owner of a unix socket, by number
group                 | B |  |      | | group of a unix socket
gid                   | B |  |      | int | group of a unix socket, by number
mode                  | B |  |      | | permissions of a unix socket
level                 | B |  |      | | what a runtime socket allows
severity-output       | B |  |      | | whether a runtime socket says how severe an answer is
expose-fd             | B |  |      | | what a runtime socket hands to a new process
"""
