# (form of the key's path, form of "section: line", why)
DERIVED: list[tuple[str, str, str]] = [
    (
        r"\.mode$",
        r": (option|log-format|log-tag|http-|tcp-|compression) ?",
        "what HAProxy takes in one mode only is printed in it",
    ),
    (
        r"\.from$",
        r": (frontend|backend|listen|defaults) |: (no )?option ",
        "the title names the defaults, whose options are printed",
    ),
    (
        r"\.forwarded\b",
        r": option forwardfor|forwarded",
        "who is not believed is told by default, and added to otherwise",
    ),
    (r"\.cookie$", r": server ", "every server has its value of the cookie"),
    (
        r"log_format$|^haproxy_defaults$",
        r": (log-format |option (http|tcp)log|http-request set-var\(txn\.log_)",
        "a format stands for an option",
    ),
    (r"\.hash_type$", r": hash-type ", "hashes are consistent where nothing else is said"),
    (
        r"\.binds\[\d+\](\.tls)?$|\.routes\[\d+\](\.sni)?$",
        r"_sni,lower|: tcp-request (inspect-delay|content accept)",
        "where TLS does not end a name is waited for, once for all routes",
    ),
    (r"conditions\[", r" (if|unless) ", "a condition is written out where it is used"),
    (r"^haproxy_(stats|metrics)\.address", r": http-request deny .* src ", "on loopback nobody has to be kept out"),
    (r"^haproxy_stats\.(uri|admin|refresh)$", r": stats (uri|admin|refresh) ", "the keywords that the keys stand for"),
    (
        r"\.routes\[\d+\]",
        r": (use_backend|acl routes\.\d+) .*( -m str |map_str\()",
        "routes of many hosts are one line, of few a line each",
    ),
    (
        r"^haproxy_(listens|backends|site_\w+|defaults|frontends)",
        r": (retry-on conn-failure empty-response|http-request disable-l7-retry unless { method GET HEAD OPTIONS })$",
        "what is sent again by default: in mode http, where there are servers and nobody says it himself",
    ),
    (
        r"^haproxy_(frontends|listens|backends|site_\w+)(\.\w+)?$",
        r"^(frontend http_front|backend web_workers): ",
        "the smallest case stands for what nobody lists",
    ),
]

# (form of the key's path, form of the path of the files that it makes)
FILES: list[tuple[str, str]] = [
    (r"maps(\[|$)", r"^maps/"),
    (
        r"\.routes|^haproxy_(frontends|listens|site_\w+)(\.\w+)?(\[\d+\])?(\.name)?$",
        r"^(maps/routes-|answers/|maps/\*)",
    ),
    (r"\.(http_request|maintenance)", r"^answers/"),
    (r"patterns(\[|$)", r"^patterns/"),
    (r"certificates(\[|$)", r"^certs/"),
    (r"authorities(\[|$)", r"^ca/"),
    (r"lua(\[|$)", r"^lua/"),
    (r"http_errors(\[|$)", r"^errors/"),
    (r"^haproxy_(files|site_\w+)", r""),
]
