#!/usr/bin/env python3
"""Drives a mounted stuckfs by Python's standard library: HTTP over a unix socket, and server-sent events.

usage: stdlib.py MOUNTPOINT SOCKET
Holds the 64 WRITE requests of one file, lets half of them go, newest first, then the rest, and compares.
Exit: 0 byte-exact; 1 not, or something did not come in time.
"""

import http.client
import json
import os
import socket
import subprocess
import sys

NAME = "example-python"
PAGE_BYTES = 4096
REQUESTS = 64
TIMEOUT_S = 10

# Run as a child, since fsync(2) does not return while its WRITE requests are held.  A WRITE request covers dirty
# pages in a row, so every other page is left out.
WRITER = """
import os, sys
path, page_bytes, data = sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read()
fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
for page in range(len(data) // page_bytes):
    os.pwrite(fd, data[page * page_bytes:][:page_bytes], 2 * page * page_bytes)
os.fsync(fd)
os.close(fd)
"""

# Past the page cache, which fadvise drops: what the server has.
READER = """
import os, sys
path, page_bytes = sys.argv[1], int(sys.argv[2])
fd = os.open(path, os.O_RDONLY)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
while True:
    page = os.read(fd, 2 * page_bytes)
    if not page: break
    sys.stdout.buffer.write(page[:page_bytes])
"""


class UnixConnection(http.client.HTTPConnection):
    """http.client over a unix socket; the host name means nothing."""

    def __init__(self, path):
        super().__init__("stuckfs", timeout=TIMEOUT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, target, body=None):
    connection = UnixConnection(path)
    try:
        text = None if body is None else json.dumps(body)
        headers = {} if body is None else {"content-type": "application/json"}
        connection.request(method, "/v1/" + target, text, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {target}: {answer['error']['message']}")
    print(method, target, str(answer)[:120])
    return answer


def events(path):
    """Yields (event, data); a socket.timeout when nothing comes, not even a comment."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", "/v1/events")
        response = connection.getresponse()
        event = None
        for line in response:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                event = value
            elif key == "data":
                print("event", event, value[:100])
                yield event, json.loads(value)
    finally:
        connection.close()


def until_held(stream, requests):
    for event, data in stream:
        held = data["held"] if event == "state" else data
        if event in ("state", "held") and held["requests"] == requests:
            return
        if event == "ended":
            break
    raise RuntimeError(f"the daemon ended before {requests} requests were held")


def main(mount_point, path):
    file = os.path.join(mount_point, NAME)
    data = os.urandom(REQUESTS * PAGE_BYTES)
    stream = events(path)
    until_held(stream, 0)
    hold = {"match": {"opcodes": ["WRITE"], "path": "/" + NAME}, "action": {"type": "hold"}}
    fault = ask(path, "POST", "faults", hold)["id"]
    try:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, file, str(PAGE_BYTES)], stdin=subprocess.PIPE
        )
        writer.stdin.write(data)
        writer.stdin.close()
        until_held(stream, REQUESTS)
        ask(path, "GET", f"held?path=/{NAME}&limit=2")
        half = {"path": "/" + NAME, "count": REQUESTS // 2, "order": "reversed"}
        ask(path, "POST", "release", half)
        until_held(stream, REQUESTS // 2)
        print("the writer waits:", writer.poll() is None)
    finally:
        # However this ends, nobody is left waiting.
        try:
            ask(path, "DELETE", f"faults/{fault}")
        finally:
            ask(path, "POST", "release", {"path": "/" + NAME})
    until_held(stream, 0)
    stream.close()
    if writer.wait(TIMEOUT_S) != 0:
        raise RuntimeError("the writer failed")
    reader = [sys.executable, "-c", READER, file, str(PAGE_BYTES)]
    read = subprocess.run(reader, stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True).stdout
    print("byte-exact" if read == data else "the data differs")
    return 0 if read == data else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: stdlib.py MOUNTPOINT SOCKET")
    sys.exit(main(sys.argv[1], sys.argv[2]))
