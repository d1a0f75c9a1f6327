#!/usr/bin/env python3
"""Client B, rebuilt from what it sends and expects (MMP section 3). For tests only.

Three verbs, each on a connection of its own: upload, then status at an interval until the job is
`completed` or `failed`, then download. Any answer with the member `error` is an error.

Prints one JSON line: {"path", "bytes", "media_type", "json", "states"} and exits 0, or the server's error
and exits 1. `states` are the states that it has seen, without repetitions.
"""

import argparse
import json
import os
import socket
import sys
import time

CHUNK = 64 * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("input", help="the file to send")
    parser.add_argument("output_stem", help="where the result goes; the answer's media type becomes its ending")
    parser.add_argument("type", help="compress, resolution, aspect_ratio, extract_audio, gif, webm")
    parser.add_argument("parameters", nargs="?", default="{}", help='for example \'{"width":1280,"height":720}\'')
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two questions (default 60)")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds without a byte (default 300)")
    options = parser.parse_args()
    client = Client(options)

    request = {"action": "upload", "type": options.type, "parameters": json.loads(options.parameters)}
    accepted = client.ask(request, options.input)[0]
    if "error" in accepted or accepted["status"] != "accepted":
        return failed(accepted)

    states = []
    while True:
        state = client.ask({"action": "status", "task_id": accepted["task_id"]})[0]
        if state.get("status") not in states:
            states.append(state.get("status"))
        if "error" in state or state["status"] == "failed":
            return failed(state)
        if state["status"] == "completed":
            break
        time.sleep(options.interval)

    request = {"action": "download", "task_id": accepted["task_id"]}
    answer, media_type, path = client.ask(request, stem=options.output_stem)
    if "error" in answer or path is None:
        return failed(answer)
    size = os.path.getsize(path)
    print(json.dumps({"path": path, "bytes": size, "media_type": media_type, "json": answer, "states": states}))
    return 0


def failed(answer):
    print(json.dumps(answer))
    print(answer.get("error"), file=sys.stderr)
    return 1


class Client:
    def __init__(self, options):
        self.address = (options.host, options.port)
        self.timeout = options.timeout

    def ask(self, request, path=None, stem=None):
        """One connection: a frame there, a frame back. Returns JSON, media type and the payload's path."""
        with socket.create_connection(self.address, self.timeout) as connection:
            send(connection, request, path)
            return receive(connection, stem)


def send(connection, request, path):
    body = json.dumps(request).encode("utf-8")
    media_type = os.path.splitext(path)[1].lstrip(".").encode("utf-8") if path else b""
    size = os.path.getsize(path) if path else 0
    header = len(body).to_bytes(2, "big") + len(media_type).to_bytes(1, "big") + size.to_bytes(5, "big")
    connection.sendall(header + body + media_type)
    if path:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                connection.sendall(chunk)


def receive(connection, stem):
    header = exactly(connection, 8)
    answer = json.loads(exactly(connection, int.from_bytes(header[0:2], "big")).decode("utf-8"))
    media_type = exactly(connection, header[2]).decode("utf-8")
    size = int.from_bytes(header[3:8], "big")
    if size == 0 or stem is None:
        return answer, media_type, None
    path = f"{stem}.{media_type}"
    with open(path, "wb") as file:
        while size > 0:
            chunk = exactly(connection, min(CHUNK, size))
            file.write(chunk)
            size -= len(chunk)
    return answer, media_type, path


def exactly(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        data += chunk
    return data


if __name__ == "__main__":
    sys.exit(main())
