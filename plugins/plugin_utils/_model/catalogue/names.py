# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small tables of names: algorithms, sections, families of rules, forms of secrets, predefined acls, stick tables."""

from __future__ import annotations

# algorithm | since | how it chooses
ALGORITHM_TABLE = """
roundrobin |     | in turn, by weight
static-rr  |     | in turn, weights fixed at the start
leastconn  |     | the server with the fewest connections
first      |     | the first server that has room
source     |     | by a hash of the client's address
uri        |     | by a hash of the path
url_param  |     | by a hash of a parameter
hdr        |     | by a hash of a header
hash       | 2.6 | by a hash of any expression
random     |     | by chance, by weight
rdp-cookie |     | by the cookie of RDP
log-hash   | 2.9 | by a hash of a log line
sticky     | 3.0 | a server until it fails
"""

# What begins a section of its own (configuration manual, 3.0).
SECTIONS = (
    *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers", "cache"),
    *("program", "http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme"),
)

# In the order in which a section prints them.
RULE_FAMILIES = (
    "tcp-request",
    "http-request",
    "tcp-response",
    "http-response",
    "http-after-response",
    "http-check",
    "tcp-check",
)

# balance roundrobin keeps its servers in a structure of this size (configuration manual, "balance").
ROUNDROBIN_LIMIT = 4095

# A line of one of these forms holds a secret where no placeholder stands (configuration manual, the keyword's section).
SECRET_FORMS = (
    r"^stats auth\s+[^:\s]+:(?P<secret>.+)",
    r"^user\s+\S+\s+(?:insecure-)?password\s+(?P<secret>\S+)",
    r"(?i)set-header\s+authorization\s+(?P<secret>.+)",
    r"^(?:cluster-secret|dynamic-cookie-key)\s+(?P<secret>\S+)",
    r"(?:^|\s)ca-sign-pass\s+(?P<secret>\S+)",
)

# acl | since | when it holds
PREDEFINED_ACL_TABLE = """
FALSE          |     | never
TRUE           |     | always
LOCALHOST      |     | the client is on this machine
WAIT_END       |     | rules have waited as long as they may
REQ_CONTENT    |     | the client has sent something
RDP_COOKIE     |     | the client has sent a cookie of RDP
HTTP           |     | what the client sends is HTTP
HTTP_1.0       |     | the request is of HTTP/1.0
HTTP_1.1       |     | the request is of HTTP/1.1
HTTP_2.0       |     | the request is of HTTP/2
HTTP_3.0       | 3.0 | the request is of HTTP/3
HTTP_CONTENT   |     | the request announces a body
HTTP_URL_ABS   |     | the request has a whole URL
HTTP_URL_SLASH |     | the path begins with a slash
HTTP_URL_STAR  |     | the path is a star
METH_CONNECT   |     | the method is CONNECT
METH_DELETE    |     | the method is DELETE
METH_GET       |     | the method is GET or HEAD
METH_HEAD      |     | the method is HEAD
METH_OPTIONS   |     | the method is OPTIONS
METH_POST      |     | the method is POST
METH_PUT       |     | the method is PUT
METH_TRACE     |     | the method is TRACE
"""

# type | arguments | since | stands for these types too | what is stored | what reads or writes it
# `sc*_` stands for sc_, sc0_, sc1_ and sc2_; with a dash it is an action, without one a fetch or a converter.
DATA_TYPE_TABLE = """
server_id      |              |     |                     | the server of an entry | table_server_id
gpc            | count        | 2.6 | gpc0 gpc1           | counters of general purpose
    | sc_get_gpc sc_inc_gpc sc_clr_gpc src_get_gpc src_inc_gpc src_clr_gpc table_gpc sc-inc-gpc sc-add-gpc
gpc_rate       | count period | 2.6 | gpc0_rate gpc1_rate | rates of those counters
    | sc_gpc_rate src_gpc_rate table_gpc_rate
gpc0           |              |     |                     | the first counter of general purpose
    | sc*_get_gpc0 sc*_inc_gpc0 sc*_clr_gpc0 src_get_gpc0 src_inc_gpc0 src_clr_gpc0 table_gpc0 sc-inc-gpc0
gpc0_rate      | period       |     |                     | its rate | sc*_gpc0_rate src_gpc0_rate table_gpc0_rate
gpc1           |              |     |                     | the second counter of general purpose
    | sc*_get_gpc1 sc*_inc_gpc1 sc*_clr_gpc1 src_get_gpc1 src_inc_gpc1 src_clr_gpc1 table_gpc1 sc-inc-gpc1
gpc1_rate      | period       |     |                     | its rate | sc*_gpc1_rate src_gpc1_rate table_gpc1_rate
gpt            | count        | 2.6 | gpt0                | tags of general purpose
    | sc_get_gpt src_get_gpt table_gpt sc-set-gpt
gpt0           |              |     |                     | the first tag of general purpose
    | sc*_get_gpt0 src_get_gpt0 table_gpt0 sc-set-gpt0
conn_cnt       |              |     |                     | connections so far
    | sc*_conn_cnt src_conn_cnt src_updt_conn_cnt table_conn_cnt
conn_cur       |              |     |                     | connections at the moment
    | sc*_conn_cur src_conn_cur table_conn_cur
conn_rate      | period       |     |                     | connections in a period
    | sc*_conn_rate src_conn_rate table_conn_rate
sess_cnt       |              |     |                     | sessions so far | sc*_sess_cnt src_sess_cnt table_sess_cnt
sess_rate      | period       |     |                     | sessions in a period
    | sc*_sess_rate src_sess_rate table_sess_rate
http_req_cnt   |              |     |                     | requests so far
    | sc*_http_req_cnt src_http_req_cnt table_http_req_cnt
http_req_rate  | period       |     |                     | requests in a period
    | sc*_http_req_rate src_http_req_rate table_http_req_rate
http_err_cnt   |              |     |                     | errors of the client so far
    | sc*_http_err_cnt src_http_err_cnt table_http_err_cnt
http_err_rate  | period       |     |                     | errors of the client in a period
    | sc*_http_err_rate src_http_err_rate table_http_err_rate
http_fail_cnt  |              |     |                     | failures of servers so far
    | sc*_http_fail_cnt src_http_fail_cnt table_http_fail_cnt
http_fail_rate | period       |     |                     | failures of servers in a period
    | sc*_http_fail_rate src_http_fail_rate table_http_fail_rate
bytes_in_cnt   |              |     |                     | bytes from the client so far
    | sc*_kbytes_in src_kbytes_in table_kbytes_in
bytes_in_rate  | period       |     |                     | bytes from the client in a period
    | sc*_bytes_in_rate src_bytes_in_rate table_bytes_in_rate
bytes_out_cnt  |              |     |                     | bytes to the client so far
    | sc*_kbytes_out src_kbytes_out table_kbytes_out
bytes_out_rate | period       |     |                     | bytes to the client in a period
    | sc*_bytes_out_rate src_bytes_out_rate table_bytes_out_rate
glitch_cnt     |              | 3.0 |                     | faults of the protocol so far
    | sc*_glitch_cnt src_glitch_cnt table_glitch_cnt
glitch_rate    | period       | 3.0 |                     | faults of the protocol in a period
    | sc*_glitch_rate src_glitch_rate table_glitch_rate
"""
