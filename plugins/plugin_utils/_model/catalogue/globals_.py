# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords of the section global: keyword | sections | mode | since | kind | what it does (see the package)."""

from __future__ import annotations

TABLE = """
description                        | g |  |      | none:holds the digest of the configuration in force
    | a text about the process
default-path                       | g |  | 2.6  | none:points at the directory of the configuration in force
    | where relative names of files begin
daemon                             | g |  |      | none:systemd runs the process in the foreground
    | go into the background
master-worker                      | g |  |      | none:the unit starts the master
    | a master process that looks after the workers
pidfile                            | g |  |      | none:the unit names the file
    | where the number of the process is written
quiet                              | g |  |      | none:warnings of the start belong into the journal
    | nothing is said during the start
quick-exit                         | g |  | 3.0  | none:for developers, who look for faults of the exit
    | an old process leaves without cleaning up
stats bind-process                 | g |  | <3.0 | none:there is one process only
    | the processes that serve the runtime socket
trace                              | g |  | 3.0  | none:for developers, who look for faults in HAProxy
    | events are traced from the start
tune.fail-alloc                    | g |  |      | none:for developers, who let memory run out on purpose
    | percentage of allocations that fail
expose-deprecated-directives       | g |  | 3.0  | flag | deprecated keywords without a substitute are accepted
expose-experimental-directives     | g |  |      | flag | experimental keywords are accepted
zero-warning                       | g |  |      | flag | a configuration with a warning is refused
log*                               | g |  |      | @ring | where logs go
log-send-hostname                  | g |  |      | | the name of the machine that logs carry
log-tag                            | g |  |      | | the name in a log line
chroot                             | g |  |      | | the directory that the process locks itself into
user                               | g |  |      | | the user that the process becomes
uid                                | g |  |      | int | the number of the user that the process becomes
group                              | g |  |      | | the group that the process becomes
gid                                | g |  |      | int | the number of the group that the process becomes
setcap                             | g |  | 3.0  | build:LINUX_CAP
    | capabilities that the process keeps when it becomes that user
set-dumpable                       | g |  |      | flag | a crash leaves a core file
insecure-fork-wanted               | g |  |      | flag | the process may start others, as external checks need it
insecure-setuid-wanted             | g |  |      | flag | programs that are started may change their user
external-check                     | g |  |      | | programs may check servers
node                               | g |  |      | | the name of this node for the statistics
stats socket*                      | g |  |      |
    | a further runtime socket, at a path or a port of loopback; the administrators' is always there
stats timeout                      | g |  |      | time | how long a runtime connection may be idle
stats maxconn                      | g |  |      | int | runtime connections at once at the most
stats-file                         | g |  | 3.0  | @file | counters that a new process begins with
unix-bind                          | g |  |      | | prefix, owner and mode of unix sockets
anonkey                            | g |  | 3.0  | int | the key that names in outputs are made unrecognisable with
maxconn                            | g |  |      | int | connections of the process at once
nbthread                           | g |  |      | build:THREAD int
    | the number of threads; unset: one for each processor
thread-groups                      | g |  | 2.6  | build:THREAD int | the number of groups that threads are in
thread-group*                      | g |  | 2.6  | build:THREAD | the threads of a group
thread-hard-limit                  | g |  | 3.0  | build:THREAD int | threads at the most, whatever else says
cpu-map*                           | g |  |      | build:CPU_AFFINITY | which threads run on which processors
numa-cpu-mapping                   | g |  |      | build:CPU_AFFINITY flag
    | threads stay on one node of a machine with several
ulimit-n                           | g |  |      | int | descriptors of the process; computed if left out
fd-hard-limit                      | g |  |      | int | descriptors that are used at the most
prealloc-fd                        | g |  | 3.0  | flag | room for all descriptors is made at the start
strict-limits                      | g |  |      | flag | no start without the limits that are needed
hard-stop-after                    | g |  |      | time | how long an old process may live after a reload
close-spread-time                  | g |  | 2.6  | time | over how long idle connections are closed at a reload
grace                              | g |  |      | time | how long a process that stops goes on accepting
mworker-max-reloads                | g |  |      | int | how many reloads an old worker may survive
setenv*                            | g |  |      | | an environment variable of the process
presetenv*                         | g |  |      | | an environment variable, unless it is set
unsetenv*                          | g |  |      | | environment variables that are removed
resetenv                           | g |  |      | | environment variables that are kept, all others are removed
set-var*                           | g |  |      | | a variable of the process, from an expression
set-var-fmt*                       | g |  | 2.6  | | a variable of the process, from a format
localpeer                          | g |  |      | | the name of this node among its peers
cluster-secret                     | g |  | 2.6  | secret | what nodes of a cluster derive common keys from
server-state-base                  | g |  |      | | where server states are kept
server-state-file                  | g |  |      | | the file that server states are kept in
spread-checks                      | g |  |      | int | percentage by which checks are spread in time
max-spread-checks                  | g |  |      | time | the longest time that checks are spread over
http-err-codes*                    | g |  | 3.0  | | status codes that count as errors of clients
http-fail-codes*                   | g |  | 3.0  | | status codes that count as failures of servers
h1-accept-payload-with-any-method  | g |  |      | flag
    | bodies of HTTP/1.0 requests are accepted whatever their method
h1-do-not-close-on-insecure-transfer-encoding | g |  | 3.0  | flag | connections with two lengths stay open
h1-case-adjust*                    | g |  |      | | how a header's name is written for old peers
h1-case-adjust-file                | g |  |      | @file | how headers' names are written for old peers, from a file
h2-workaround-bogus-websocket-clients | g |  |      | flag | websockets over HTTP/2 are not announced
harden.reject-privileged-ports.tcp | g |  | 3.0  | | whether clients of low TCP ports are refused
harden.reject-privileged-ports.quic | g |  | 3.0  | build:QUIC | whether clients of low QUIC ports are refused
pp2-never-send-local               | g |  |      | flag | checks never say LOCAL in the PROXY protocol, version 2
ca-base                            | g |  |      | none:would hide the files of the tree; use absolute paths
    | where relative names of authorities' files begin
crt-base                           | g |  |      | none:would hide the files of the tree; use absolute paths
    | where relative names of certificates' files begin
key-base                           | g |  | 3.0  | | where relative names of keys' files begin
issuers-chain-path                 | g |  |      | build:OPENSSL | directory of certificates that complete chains
ssl-default-bind-options           | g |  |      | build:OPENSSL | TLS versions and options of every bind
ssl-default-bind-ciphers           | g |  |      | build:OPENSSL | ciphers of every bind up to TLS 1.2
ssl-default-bind-ciphersuites      | g |  |      | build:OPENSSL | cipher suites of every bind in TLS 1.3
ssl-default-bind-curves            | g |  |      | build:OPENSSL | curves of every bind
ssl-default-bind-sigalgs           | g |  | 3.0  | build:OPENSSL | signature algorithms of every bind
ssl-default-bind-client-sigalgs    | g |  | 3.0  | build:OPENSSL
    | signature algorithms that every bind accepts from clients
ssl-default-server-options         | g |  |      | build:OPENSSL | TLS versions and options of every server
ssl-default-server-ciphers         | g |  |      | build:OPENSSL | ciphers of every server up to TLS 1.2
ssl-default-server-ciphersuites    | g |  |      | build:OPENSSL | cipher suites of every server in TLS 1.3
ssl-default-server-curves          | g |  | 3.0  | build:OPENSSL | curves of every server
ssl-default-server-sigalgs         | g |  | 3.0  | build:OPENSSL | signature algorithms of every server
ssl-default-server-client-sigalgs  | g |  | 3.0  | build:OPENSSL
    | signature algorithms of our certificates towards every server
ssl-server-verify                  | g |  |      | build:OPENSSL | whether certificates of servers are verified
ssl-dh-param-file                  | g |  |      | build:OPENSSL @file | Diffie-Hellman parameters of every bind
ssl-security-level                 | g |  | 3.0  | build:OPENSSL int
    | the level below which OpenSSL refuses keys and ciphers
ssl-load-extra-files               | g |  |      | build:OPENSSL | which files beside a certificate are loaded
ssl-load-extra-del-ext             | g |  |      | build:OPENSSL flag
    | a certificate's ending is removed before others are tried
ssl-skip-self-issued-ca            | g |  |      | build:OPENSSL flag | roots are not sent along
ssl-provider*                      | g |  | 2.6  | build:OPENSSL | a provider that OpenSSL loads
ssl-provider-path                  | g |  | 2.6  | build:OPENSSL | where OpenSSL finds providers
ssl-propquery                      | g |  | 2.6  | build:OPENSSL | which provider's algorithms are taken
ssl-engine*                        | g |  |      | build:ENGINE | an engine that OpenSSL uses
ssl-mode-async                     | g |  |      | build:ENGINE flag | TLS work is handed to engines without waiting
ocsp-update.mode                   | g |  | 3.0  | build:OPENSSL
    | whether revocation answers are kept fresh by default
ocsp-update.disable                | g |  | 3.0  | build:OPENSSL onoff | whether revocation answers are never fetched
ocsp-update.mindelay               | g |  | 3.0  | build:OPENSSL int
    | seconds between two fetches of an answer at the least
ocsp-update.maxdelay               | g |  | 3.0  | build:OPENSSL int
    | seconds between two fetches of an answer at the most
ocsp-update.httpproxy              | g |  | 3.0  | build:OPENSSL | the proxy that answers are fetched through
limited-quic                       | g |  | 3.0  | build:QUIC flag
    | QUIC works with a TLS library that knows little of it
no-quic                            | g |  | 3.0  | build:QUIC flag | binds of QUIC are there and do not listen
lua-prepend-path*                  | g |  |      | build:LUA | where Lua looks for modules
lua-load*                          | g |  |      | build:LUA @file | a Lua file
lua-load-per-thread*               | g |  |      | build:LUA @file | a Lua file, loaded by each thread for itself
httpclient.resolvers.id            | g |  | 2.6  | @resolvers | who resolves names for requests of HAProxy's own
httpclient.resolvers.disabled      | g |  | 3.0  | onoff | whether requests of HAProxy's own resolve no names
httpclient.resolvers.prefer        | g |  | 2.6  | | the family that those requests prefer
httpclient.retries                 | g |  | 3.0  | int | how often those requests are tried again
httpclient.timeout.connect         | g |  | 3.0  | time | how long a connection of those requests may take
httpclient.ssl.ca-file             | g |  | 2.6  | build:OPENSSL @file | authorities that those requests verify with
httpclient.ssl.verify              | g |  | 2.6  | build:OPENSSL | whether those requests verify certificates
maxconnrate                        | g |  |      | int | new connections a second at the most
maxsslconn                         | g |  |      | build:OPENSSL int | TLS connections at once at the most
maxsslrate                         | g |  |      | build:OPENSSL int | new TLS connections a second at the most
maxsessrate                        | g |  |      | int | new sessions a second at the most
maxpipes                           | g |  |      | int | pipes for splicing at the most
maxcomprate                        | g |  |      | int | kilobytes a second that are compressed at the most
maxcompcpuusage                    | g |  |      | int | percentage of processor time above which less is compressed
maxzlibmem                         | g |  |      | build:ZLIB int | megabytes for compression at the most
busy-polling                       | g |  |      | flag | threads ask for events instead of sleeping
noepoll                            | g |  |      | flag | events are not taken from epoll
noevports                          | g |  |      | flag | events are not taken from event ports (Solaris)
nokqueue                           | g |  |      | flag | events are not taken from kqueue (BSD)
nopoll                             | g |  |      | flag | events are not taken from poll
nogetaddrinfo                      | g |  |      | flag | names are resolved the old way
noreuseport                        | g |  |      | flag | addresses are not shared between processes
nosplice                           | g |  |      | flag | data is never spliced
no-memory-trimming                 | g |  |      | flag | unused memory is not given back to the system
profiling.memory                   | g |  |      | build:MEMORY_PROFILING onoff | whether uses of memory are counted
profiling.tasks                    | g |  |      | onoff | whether time of tasks is counted
warn-blocked-traffic-after         | g |  | 3.0  | time | after which time a task that blocks is reported
tune.applet.zero-copy-forwarding   | g |  | 3.0  | onoff | whether applets pass data on without copying
tune.buffers.limit                 | g |  |      | int | buffers of the process at the most
tune.buffers.reserve               | g |  |      | int | buffers kept for times of need
tune.bufsize                       | g |  |      | int | bytes of a buffer
tune.comp.maxlevel                 | g |  |      | int | the highest level of compression
tune.disable-fast-forward          | g |  | 3.0  | flag | data always goes through the streams (experimental)
tune.disable-zero-copy-forwarding  | g |  | 3.0  | flag | data is always copied
tune.epoll.mask-events             | g |  | 3.0  | | events of epoll that are treated as plain input
tune.events.max-events-at-once     | g |  | 3.0  | int | events that a task handles at once
tune.fd.edge-triggered             | g |  |      | onoff | whether descriptors report changes only (experimental)
tune.h1.zero-copy-fwd-recv         | g |  | 3.0  | onoff | whether HTTP/1 receives without copying
tune.h1.zero-copy-fwd-send         | g |  | 3.0  | onoff | whether HTTP/1 sends without copying
tune.h2.be.glitches-threshold      | g |  | 3.0  | int | faults after which an HTTP/2 connection to a server is closed
tune.h2.be.initial-window-size     | g |  | 3.0  | int | bytes that a server may send ahead over HTTP/2
tune.h2.be.max-concurrent-streams  | g |  | 3.0  | int | HTTP/2 streams of a connection to a server at once
tune.h2.fe.glitches-threshold      | g |  | 3.0  | int | faults after which a client's HTTP/2 connection is closed
tune.h2.fe.initial-window-size     | g |  | 3.0  | int | bytes that a client may send ahead over HTTP/2
tune.h2.fe.max-concurrent-streams  | g |  | 3.0  | int | HTTP/2 streams of a client's connection at once
tune.h2.fe.max-total-streams       | g |  | 3.0  | int | HTTP/2 streams after which a client's connection is closed
tune.h2.header-table-size          | g |  |      | int | bytes of the table of HTTP/2 headers
tune.h2.initial-window-size        | g |  |      | int | bytes that a peer may send ahead over HTTP/2
tune.h2.max-concurrent-streams     | g |  |      | int | HTTP/2 streams of a connection at once
tune.h2.max-frame-size             | g |  |      | int | bytes of an HTTP/2 frame at the most
tune.h2.zero-copy-fwd-send         | g |  | 3.0  | onoff | whether HTTP/2 sends without copying
tune.http.cookielen                | g |  |      | int | characters of a captured cookie at the most
tune.http.logurilen                | g |  |      | int | characters of a path in a log line at the most
tune.http.maxhdr                   | g |  |      | int | headers of a request at the most
tune.idle-pool.shared              | g |  |      | onoff | whether threads share idle connections to servers
tune.idletimer                     | g |  |      | time | after which silence a stream counts as idle
tune.listener.default-shards       | g |  | 3.0  | | how many sockets a bind has by default
tune.listener.multi-queue          | g |  |      | onoff | how new connections are spread over threads
tune.lua.burst-timeout             | g |  | 3.0  | build:LUA time | how long Lua may run without a pause
tune.lua.forced-yield              | g |  |      | build:LUA int | instructions after which Lua pauses
tune.lua.log.loggers               | g |  | 3.0  | build:LUA onoff | whether Lua writes into the logs
tune.lua.log.stderr                | g |  | 3.0  | build:LUA onoff | whether Lua writes to the standard error output
tune.lua.maxmem                    | g |  |      | build:LUA int | megabytes for Lua at the most
tune.lua.service-timeout           | g |  |      | build:LUA time | how long a Lua service may run
tune.lua.session-timeout           | g |  |      | build:LUA time | how long Lua may run for a session
tune.lua.task-timeout              | g |  |      | build:LUA time | how long a Lua task may run
tune.max-checks-per-thread         | g |  | 3.0  | int | checks of a thread at once, before others help
tune.maxaccept                     | g |  |      | int | connections accepted in a row
tune.maxpollevents                 | g |  |      | int | events taken from the system at once
tune.maxrewrite                    | g |  |      | int | bytes of a buffer kept for rewriting
tune.memory.hot-size               | g |  | 3.0  | int | bytes of memory that each thread keeps for itself
tune.pattern.cache-size            | g |  |      | int | results of pattern lookups that are kept
tune.peers.max-updates-at-once     | g |  |      | int | updates of stick tables sent at once
tune.pipesize                      | g |  |      | int | bytes of a pipe for splicing
tune.pool-high-fd-ratio            | g |  |      | int
    | percentage of descriptors above which idle connections are closed
tune.pool-low-fd-ratio             | g |  |      | int
    | percentage of descriptors above which no connection is kept idle
tune.pt.zero-copy-forwarding       | g |  | 3.0  | onoff | whether TCP is passed on without copying
tune.quic.cc-hystart               | g |  | 3.0  | build:QUIC onoff | whether QUIC begins carefully to avoid loss
tune.quic.frontend.conn-tx-buffers.limit | g |  | 2.6  | build:QUIC int | buffers that a QUIC connection sends from
tune.quic.frontend.glitches-threshold | g |  | 3.0  | build:QUIC int
    | faults after which a client's QUIC connection is closed
tune.quic.frontend.max-idle-timeout | g |  | 2.6  | build:QUIC time | how long a QUIC connection may be idle
tune.quic.frontend.max-streams-bidi | g |  | 2.6  | build:QUIC int | QUIC streams of a connection at once
tune.quic.max-frame-loss           | g |  | 3.0  | build:QUIC int | losses of one frame that close a QUIC connection
tune.quic.reorder-ratio            | g |  | 3.0  | build:QUIC int
    | percentage of the window in which packets may arrive out of order
tune.quic.retry-threshold          | g |  | 2.6  | build:QUIC int
    | half-open QUIC connections above which clients must prove their address
tune.quic.socket-owner             | g |  | 3.0  | build:QUIC | whether QUIC connections have sockets of their own
tune.quic.zero-copy-fwd-send       | g |  | 3.0  | build:QUIC onoff | whether QUIC sends without copying
tune.rcvbuf.backend                | g |  | 3.0  | int
    | bytes that the kernel may hold of unconnected sockets towards servers
tune.rcvbuf.frontend               | g |  | 3.0  | int
    | bytes that the kernel may hold of unconnected sockets of clients
tune.rcvbuf.client                 | g |  |      | int | bytes that the kernel may hold of a client
tune.rcvbuf.server                 | g |  |      | int | bytes that the kernel may hold of a server
tune.recv_enough                   | g |  |      | int | bytes after which a read counts as complete
tune.ring.queues                   | g |  | 3.0  | int | queues in front of a ring
tune.runqueue-depth                | g |  |      | int | tasks that run at once
tune.sched.low-latency             | g |  |      | onoff | whether unimportant tasks may be overtaken
tune.sndbuf.backend                | g |  | 3.0  | int
    | bytes that the kernel may hold for unconnected sockets towards servers
tune.sndbuf.frontend               | g |  | 3.0  | int
    | bytes that the kernel may hold for unconnected sockets of clients
tune.sndbuf.client                 | g |  |      | int | bytes that the kernel may hold for a client
tune.sndbuf.server                 | g |  |      | int | bytes that the kernel may hold for a server
tune.ssl.cachesize                 | g |  |      | build:OPENSSL int | TLS sessions that are cached
tune.ssl.capture-buffer-size       | g |  | 2.6  | build:OPENSSL int
    | bytes kept of a TLS greeting, for its fingerprint
tune.ssl.capture-cipherlist-size   | g |  |      | build:OPENSSL int | the old name of tune.ssl.capture-buffer-size
tune.ssl.default-dh-param          | g |  |      | build:OPENSSL int | bits of the Diffie-Hellman parameters
tune.ssl.force-private-cache       | g |  |      | build:OPENSSL flag | TLS sessions are not shared between processes
tune.ssl.hard-maxrecord            | g |  |      | build:OPENSSL int | bytes of a TLS record at the most, always
tune.ssl.keylog                    | g |  |      | build:OPENSSL onoff | whether keys of TLS sessions can be logged
tune.ssl.lifetime                  | g |  |      | build:OPENSSL time
    | how long a cached TLS session lives, seconds if no unit is given
tune.ssl.maxrecord                 | g |  |      | build:OPENSSL int
    | bytes of a TLS record at the most, at the beginning
tune.ssl.ocsp-update.maxdelay      | g |  | 3.0  | build:OPENSSL int | the old name of ocsp-update.maxdelay
tune.ssl.ocsp-update.mindelay      | g |  | 3.0  | build:OPENSSL int | the old name of ocsp-update.mindelay
tune.ssl.ssl-ctx-cache-size        | g |  |      | build:OPENSSL int | generated certificates that are kept
tune.stick-counters                | g |  | 3.0  | int | counters that a connection may be tracked in at once
tune.vars.global-max-size          | g |  |      | int | bytes of all variables together
tune.vars.proc-max-size            | g |  |      | int | bytes of variables of the process
tune.vars.reqres-max-size          | g |  |      | int | bytes of variables of a request or response
tune.vars.sess-max-size            | g |  |      | int | bytes of variables of a session
tune.vars.txn-max-size             | g |  |      | int | bytes of variables of a transaction
tune.zlib.memlevel                 | g |  |      | build:ZLIB int | how much memory compression takes
tune.zlib.windowsize               | g |  |      | build:ZLIB int | how far compression looks back
51degrees-data-file                | g |  |      | build:51DEGREES @file | data of 51Degrees
51degrees-property-name-list*      | g |  |      | build:51DEGREES | properties of devices, by 51Degrees
51degrees-property-separator       | g |  |      | build:51DEGREES | what stands between those properties
51degrees-cache-size               | g |  |      | build:51DEGREES int | devices that 51Degrees keeps
51degrees-use-performance-graph    | g |  | 3.0  | build:51DEGREES | whether 51Degrees takes the faster way
51degrees-use-predictive-graph     | g |  | 3.0  | build:51DEGREES | whether 51Degrees guesses
51degrees-drift                    | g |  | 3.0  | build:51DEGREES int | how far 51Degrees may drift
51degrees-difference               | g |  | 3.0  | build:51DEGREES int | how far 51Degrees may differ
51degrees-allow-unmatched          | g |  | 3.0  | build:51DEGREES | whether 51Degrees answers without a match
deviceatlas-json-file              | g |  |      | build:DEVICEATLAS @file | data of DeviceAtlas
deviceatlas-log-level              | g |  |      | build:DEVICEATLAS | how much DeviceAtlas logs
deviceatlas-properties-cookie      | g |  |      | build:DEVICEATLAS | the cookie of DeviceAtlas
deviceatlas-separator              | g |  |      | build:DEVICEATLAS | what stands between properties of DeviceAtlas
wurfl-data-file                    | g |  |      | build:WURFL @file | data of WURFL
wurfl-information-list*            | g |  |      | build:WURFL | properties of devices, by WURFL
wurfl-information-list-separator   | g |  |      | build:WURFL | what stands between those properties
wurfl-cache-size                   | g |  |      | build:WURFL | devices that WURFL keeps
wurfl-patch-file*                  | g |  |      | build:WURFL @file | corrections of WURFL's data
"""
