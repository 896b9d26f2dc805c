# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords of defaults, frontends, backends and listens: keyword | sections | mode | since | kind | what it does.

Conditions need their acl above them, and HAProxy warns of a rule below those that are evaluated after it: acl, then the
families of rules in the order in which they are evaluated, redirect, use_backend, use-server.
"""

from __future__ import annotations

TABLE = """
mode                               | dfb |      |      | key:mode | layer 7 or layer 4
bind*                              | f   |      |      | key:binds | where it listens
description                        | fb  |      |      | | a text for the statistics
disabled                           | dfb |      |      | flag | the section is there and does not serve
enabled                            | dfb |      |      | flag | the section serves, whatever its defaults say
id                                 | fb  |      |      | int | the number of the section
guid                               | fb  |      | 3.0  | | a name of the section that is unique everywhere
acl*                               | dfb |      |      | @file | a named condition
backlog                            | df  |      |      | int | connections that the kernel may queue
maxconn                            | df  |      |      | int | connections of the frontend at once
max-session-srv-conns              | df  |      |      | int
    | idle connections to servers that a client's session may keep
balance                            | db  |      |      | | how a server is chosen for a request
hash-type                          | db  |      |      | | how hashes map to servers
hash-balance-factor                | db  |      |      | int | how far a server may be above the average, in percent
fullconn                           | db  |      |      | int | at which load servers get their whole maxconn
retries                            | db  |      |      | int | how often a connection to a server is tried again
retry-on                           | db  |      |      | | which failures are tried again
http-reuse                         | db  | http |      | | when a connection to a server is shared
http-send-name-header              | db  | http |      | | the header that tells a server its name
max-keep-alive-queue               | db  | http |      | int | queued requests above which a client changes its server
cookie                             | db  | http |      | | a cookie that keeps a client on its server
dynamic-cookie-key                 | db  | http |      | secret | what values of dynamic cookies are derived from
persist rdp-cookie                 | db  | tcp  |      | | the cookie of RDP keeps a client on its server
source                             | db  |      |      | | the address that servers are reached from
dispatch                           | b   |      |      | | an address that takes all requests
transparent                        | db  |      |      | flag | the old name of option transparent
load-server-state-from-file        | db  |      |      | | where the state of servers is read at the start
server-state-file-name             | db  |      |      | | the file of this backend's servers
bind-process                       | dfb |      | <3.0 | none:there is one process only
    | the processes that run the section
clitcpka-cnt                       | df  |      |      | int
    | keep-alive probes without an answer that end a client's connection
clitcpka-idle                      | df  |      |      | time
    | after which silence of a client keep-alive probes begin
clitcpka-intvl                     | df  |      |      | time | time between keep-alive probes of a client
srvtcpka-cnt                       | db  |      |      | int
    | keep-alive probes without an answer that end a server's connection
srvtcpka-idle                      | db  |      |      | time
    | after which silence of a server keep-alive probes begin
srvtcpka-intvl                     | db  |      |      | time | time between keep-alive probes of a server
default-server*                    | db  |      |      | @resolvers | parameters of all servers below
monitor-uri                        | df  | http |      | | a path that HAProxy answers by itself
monitor fail*                      | f   | http |      | | when the monitor answers that it failed
rate-limit sessions                | df  |      |      | int | new sessions a second at the most
unique-id-format                   | df  |      |      | | the format of the identifier of a request
unique-id-header                   | df  | http |      | | the header that carries that identifier
capture request header*            | f   | http |      | | a request header that is logged
capture response header*           | f   | http |      | | a response header that is logged
capture cookie                     | f   | http |      | | a cookie that is logged
compression algo                   | dfb | http |      | | algorithms of compression
compression algo-req               | dfb | http | 3.0  | | the algorithm that requests are compressed with
compression algo-res               | dfb | http | 3.0  | | algorithms that answers are compressed with
compression type                   | dfb | http |      | | types of content that are compressed
compression offload                | fb  | http |      | flag | servers are told not to compress
compression direction              | dfb | http | 3.0  | | whether requests, answers or both are compressed
errorfile*                         | dfb | http |      | @file | the answer for an error of HAProxy's own
errorfiles*                        | dfb | http |      | @http-errors | answers for errors, from a section of them
errorloc*                          | dfb | http |      | | the short name of errorloc302
errorloc302*                       | dfb | http |      | | where the client is sent for an error
errorloc303*                       | dfb | http |      | | where the client is sent for an error, by GET
http-error*                        | dfb | http |      | @file @http-errors
    | the answer for an error, with its type and headers
email-alert mailers                | dfb |      |      | @mailers | who is told of state changes
email-alert from                   | dfb |      |      | | the sender of those mails
email-alert to                     | dfb |      |      | | the recipient of those mails
email-alert level                  | dfb |      |      | | how severe a change must be for a mail
email-alert myhostname             | dfb |      |      | | the name of this machine towards the mail server
filter*                            | fb  |      |      | @cache @fcgi-app @file | a filter
log*                               | dfb |      |      | @ring @backend | where logs go
log-format                         | df  |      |      | | the format of a log line
log-format-sd                      | df  |      |      | | the structured part of a log line
error-log-format                   | df  |      | 2.6  | | the format of a log line about a connection that failed
log-tag                            | dfb |      |      | | the name in a log line
stats enable                       | dfb | http |      | flag | the statistics page; give it a frontend of its own
stats uri                          | dfb | http |      | | the path of the statistics page
stats refresh                      | dfb | http |      | time | how often the statistics page reloads
stats realm                        | dfb | http |      | | the realm that the statistics page asks a password for
stats auth*                        | dfb | http |      | secret | a user and a password of the statistics page
stats hide-version                 | dfb | http |      | flag | no version in the statistics page
stats show-desc                    | dfb | http |      | | the description in the statistics page
stats show-legends                 | dfb | http |      | flag | more detail in the statistics page
stats show-modules                 | dfb | http |      | flag | counters of modules in the statistics page
stats show-node                    | dfb | http |      | | the name of the node in the statistics page
stats scope*                       | dfb | http |      | | a section that the statistics page shows
stats http-request*                | fb  | http |      | | who may see the statistics page
stats admin*                       | fb  | http |      | | when the statistics page may change things
declare capture*                   | f   |      |      | | room for a captured value
stick-table                        | fb  |      |      | @peers @table | a table of keys and counters
stick on*                          | b   |      |      | @table | what keeps a client on its server
stick match*                       | b   |      |      | @table | what finds the server of a client
stick store-request*               | b   |      |      | @table | what is remembered of a request
stick store-response*              | b   |      |      | @table | what is remembered of a response
force-persist*                     | b   |      |      | | when a server that is down is used
ignore-persist*                    | b   |      |      | | when persistence is ignored
use-fcgi-app                       | b   | http |      | @fcgi-app | the FastCGI application that servers run
external-check command             | db  |      |      | | a program that checks servers
external-check path                | db  |      |      | | the path of that program
timeout client                     | df  |      |      | time | how long a client may be silent
timeout client-fin                 | df  |      |      | time | how long a half-closed client may be silent
timeout client-hs                  | df  |      | 3.0  | time | how long a TLS handshake with a client may take
timeout http-request               | dfb | http |      | time | how long a request may take to arrive
timeout http-keep-alive            | dfb | http |      | time | how long a client may wait before its next request
timeout tarpit                     | dfb | http |      | time | how long a tarpitted request is held
timeout connect                    | db  |      |      | time | how long a connection to a server may take
timeout server                     | db  |      |      | time | how long a server may be silent
timeout server-fin                 | db  |      |      | time | how long a half-closed server may be silent
timeout queue                      | db  |      |      | time | how long a request may wait for a server
timeout check                      | db  |      |      | time | how long a check may take after its connection
timeout tunnel                     | db  |      |      | time | how long a tunnel (websocket, TCP) may be silent
option abortonclose                | db  |      |      | flag | give up queued requests of clients that left
option accept-invalid-http-request | df  | http |      | flag | let broken requests through; not for a public node
option accept-invalid-http-response | db  | http |      | flag | let broken responses through
option allbackups                  | db  |      |      | flag | use all backup servers, not only the first
option checkcache                  | db  | http |      | flag | refuse responses that caches could leak
option clitcpka                    | df  |      |      | flag | TCP keep-alive towards clients
option contstats                   | df  |      |      | flag | count long transfers while they run
option disable-h2-upgrade          | df  | http |      | flag | no HTTP/2 for a client that begins it without TLS
option dontlog-normal              | df  |      |      | flag | log only what went wrong
option dontlognull                 | df  |      |      | flag | no log line for a connection without data
option external-check              | db  |      |      | flag | check servers by a program
option forwarded                   | db  | http | 3.0  | | tell servers about the client by the header Forwarded
option forwardfor                  | dfb | http |      | | tell servers the address of the client
option h1-case-adjust-bogus-client | df  | http |      | flag | adjust the case of headers for a client
option h1-case-adjust-bogus-server | db  | http |      | flag | adjust the case of headers for a server
option http-buffer-request         | dfb | http |      | flag | wait for the body before a server is chosen
option http-ignore-probes          | df  | http |      | flag | no error for a browser's empty connection
option http-keep-alive             | dfb | http |      | flag | keep connections on both sides
option http-no-delay               | dfb | http |      | flag | send small pieces at once
option http-pretend-keepalive      | db  | http |      | flag | announce keep-alive to a server that is closed
option http-restrict-req-hdr-names | dfb | http | 2.6  | | what becomes of headers with odd names
option http-server-close           | dfb | http |      | flag | close the server's side after each answer
option http-use-proxy-header       | df  | http |      | flag | honour Proxy-Connection
option httpchk                     | db  |      |      | | check servers by HTTP; `check` says it with types
option httpclose                   | dfb | http |      | flag | close both sides after each answer
option httplog                     | df  | http |      | | one line with everything about a request
option httpslog                    | df  | http | 2.6  | flag | the same with TLS
option idle-close-on-response      | df  | http |      | flag | let idle clients of an old process go between answers
option independent-streams         | dfb |      |      | flag | each direction has its own timeout
option ldap-check                  | db  |      |      | flag | check servers by LDAP
option log-health-checks           | db  |      |      | flag | log each change of a check
option log-separate-errors         | df  |      |      | flag | errors at a higher level
option logasap                     | df  |      |      | flag | log before the transfer ends
option mysql-check                 | db  |      |      | | check servers by MySQL
option nolinger                    | dfb |      |      | flag | drop pending data when closing
option originalto                  | dfb | http |      | | tell servers the address that the client asked
option persist                     | db  |      |      | flag | use the cookie's server even when it is down
option pgsql-check                 | db  |      |      | | check servers by PostgreSQL
option prefer-last-server          | db  | http |      | flag | keep a connection on its server
option redis-check                 | db  |      |      | flag | check servers by Redis
option redispatch                  | db  |      |      | | another server when the chosen one fails
option smtpchk                     | db  |      |      | | check servers by SMTP
option socket-stats                | df  |      |      | flag | counters for each bind
option splice-auto                 | dfb |      |      | flag | splice where it helps
option splice-request              | dfb |      |      | flag | splice requests
option splice-response             | dfb |      |      | flag | splice responses
option spop-check                  | db  |      |      | flag | check servers by SPOP
option srvtcpka                    | db  |      |      | flag | TCP keep-alive towards servers
option ssl-hello-chk               | db  |      |      | flag | check servers by a TLS hello
option tcp-check                   | db  |      |      | flag | check servers by a script
option tcp-smart-accept            | df  |      |      | flag | save a packet when accepting
option tcp-smart-connect           | db  |      |      | flag | save a packet when connecting
option tcpka                       | dfb |      |      | flag | TCP keep-alive on both sides
option tcplog                      | df  |      |      | flag | one line about a connection
option transparent                 | db  |      |      | flag | the client's own destination
tcp-request*                       | dfb |      |      | key:tcp_request | rules for connections
tcp-response*                      | db  |      |      | key:tcp_response | rules for what servers send
http-request*                      | dfb | http |      | key:http_request | rules for requests
http-response*                     | dfb | http |      | key:http_response | rules for responses
http-after-response*               | dfb | http |      | key:http_after_response
    | rules for every answer, HAProxy's own too
http-check*                        | db  |      |      | key:http_check | the steps of an HTTP check
tcp-check*                         | db  |      |      | key:tcp_check | the steps of a TCP check
redirect*                          | fb  | http |      | | where requests are sent, after all rules for requests
use_backend*                       | f   |      |      | key:routes | which backend a request goes to
default_backend                    | df  |      |      | key:default_backend | where everything else goes
use-server*                        | b   |      |      | @server | when a certain server is used
server*                            | b   |      |      | key:servers | a server
server-template*                   | b   |      |      | key:server_templates | servers that are found by a name
"""
