# Copyright (c) 2026, hardened.balancer contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server each balancer chooses for each of many keys, asked of real HAProxy in a network of its own.

    python3 -m tests.topics.hashing DIRECTORY COUNT

Every NAME.cfg of the directory is a balancer on a port of its own (8001, ... by name); NAME.json is its answer.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import pathlib
import subprocess
import sys
import time

FIRST_PORT = 8001


def start(config: pathlib.Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def connect(port: int) -> http.client.HTTPConnection:
    for _attempt in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.1)
        else:
            return connection
    raise SystemExit(f"nobody listens on port {port}")


def chosen(port: int, count: int) -> list[str]:
    connection = connect(port)
    servers = []
    for number in range(count):
        connection.request("GET", f"/object/{number}")
        answer = connection.getresponse()
        answer.read()
        servers.append(answer.headers["x-server"] or f"status {answer.status}")
    return servers


def main(directory: pathlib.Path, count: int) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    configs = sorted(directory.glob("*.cfg"))
    processes = [start(config) for config in configs]
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            ports = range(FIRST_PORT, FIRST_PORT + len(configs))
            for config, servers in zip(configs, pool.map(lambda port: chosen(port, count), ports)):
                config.with_suffix(".json").write_text(json.dumps(servers))
    finally:
        for process in processes:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
