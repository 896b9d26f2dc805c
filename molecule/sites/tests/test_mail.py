# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail: it comes in on 25, is sent on 587 and read on 993, and the mail servers know who the client is."""

from __future__ import annotations

import re
from typing import Any

UNITS = ["postfix@115", "postfix@116", "dovecot@115", "dovecot@116"]
BASICS = """
import imaplib, smtplib, socket, ssl, sys, uuid
address = sys.argv[1]
trust = ssl.create_default_context(cafile="/tmp/example-authority.pem")
connect = socket.create_connection
socket.create_connection = lambda where, *more, **keys: connect((address, where[1]), *more, **keys)
"""
SEND = """
mark = uuid.uuid4().hex
with smtplib.SMTP("mx.example.com", 25) as mail:
    mail.starttls(context=trust)
    mail.sendmail("bob@example.org", "alice@example.com", f"Subject: {mark}\\r\\n\\r\\nHello\\r\\n")
print(mark)
"""
READ = """
with imaplib.IMAP4_SSL("imap.example.com", 993, ssl_context=trust) as box:
    box.login("alice", "alice")
    box.select()
    (found,) = box.search(None, "SUBJECT", sys.argv[2])[1]
    print(box.fetch(found.split()[-1], "(RFC822)")[1][0][1].decode() if found else "")
"""
SUBMIT = """
with smtplib.SMTP("mail.example.com", 587) as mail:
    mail.starttls(context=trust)
    if sys.argv[2] == "login":
        mail.login("alice@example.com", "alice")
    try:
        mail.sendmail("alice@example.com", "alice@example.com", "Subject: to myself\\r\\n\\r\\nHello\\r\\n")
        print("taken")
    except smtplib.SMTPRecipientsRefused as refusal:
        print(refusal.recipients["alice@example.com"][0])
"""


def python(site: Any, machine: str, program: str, address: str, *words: str) -> str:
    return str(site.python(machine, BASICS + program, address, *words))


def delivered(site: Any, address: str, eventually: Any) -> str:
    """The header of a mail that came in by a balancer and was read by it: which server took it, and from whom."""
    mark = python(site, "client", SEND, address)
    eventually(lambda: python(site, "client", READ, address, mark) != "", True)
    received = re.sub(r"\s+", " ", python(site, "client", READ, address, mark))
    found = re.search(r"Received: from \S+ \(\S+ \[(\S+)\]\).* by (\S+)", received)
    assert found, received
    return f"{found[1]} {found[2]}"


def test_the_mail_server_knows_who_the_client_is(site: Any, eventually: Any) -> None:
    for address in site.addresses:
        assert delivered(site, address, eventually).split()[0] == site.client.address


def test_submission_wants_a_login(site: Any) -> None:
    assert site.everywhere(lambda address: python(site, "client", SUBMIT, address, "login")) == "taken"
    assert site.everywhere(lambda address: python(site, "client", SUBMIT, address, "no")) == "554"


def test_one_client_meets_itself_on_one_server(site: Any) -> None:
    greet = "print({imaplib.IMAP4_SSL('imap.example.com', ssl_context=trust).welcome[-11:] for _ in range(4)})"
    for address in site.addresses:
        assert python(site, "client", greet, address) in ("{b'mx115 ready'}", "{b'mx116 ready'}")


def test_mail_flows_when_a_server_is_gone(site: Any, eventually: Any) -> None:
    with site.stopped("postfix@115", "dovecot@115"):
        for address in site.addresses:
            assert delivered(site, address, eventually) == f"{site.client.address} mx116.example.com"


def test_who_connects_too_often_is_sent_away(site: Any) -> None:
    knock = """
answers = []
for _ in range(40):
    try:
        with connect((address, 25), 5) as knocking:
            answers.append(knocking.recv(3) == b"220")
    except ConnectionError:
        answers.append(False)
print(answers.count(True))
"""
    assert 28 <= int(site.everywhere(lambda address: python(site, "services", knock, address))) <= 30
