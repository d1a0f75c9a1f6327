#!/usr/bin/env python3
"""Client A, rebuilt from what it sends and expects (MMP section 3). For tests only.

One frame with a numbered command and the whole file; the connection is held until the result comes.
Its weaknesses are rebuilt on purpose, because a server must live with them: the header, the JSON and the
media type are each taken by one recv, and every recv of payload counts as 1,024 bytes, however short it
was. So `bytes` is smaller than `announced` when the server's writes did not suit it.

Prints one JSON line: {"path", "bytes", "announced", "media_type", "json"} and exits 0, or the server's
error and exits 1. After command -1 it prints {"closed": true}.
"""

import argparse
import json
import os
import socket
import sys

CHUNK = 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("input", help="the file to send")
    parser.add_argument("output_stem", help="where the result goes; the answer's media type becomes its ending")
    parser.add_argument("request", help='for example \'{"command":1,"crf":"23"}\'')
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds without a byte (default 300)")
    options = parser.parse_args()

    request = json.loads(options.request)
    ending = os.path.splitext(options.input)[1].lstrip(".") or "mp4"
    request.setdefault("extention", ending)

    with socket.create_connection((options.host, options.port), options.timeout) as connection:
        if str(request.get("command")) == "-1":
            return leave(connection, request, options.input)
        send(connection, request, options.input)
        return receive(connection, options.output_stem)


def send(connection, request, path):
    body = json.dumps(request).encode("utf-8")
    media_type = b"mp4"
    size = os.path.getsize(path)
    connection.sendall(len(body).to_bytes(2, "big") + len(media_type).to_bytes(1, "big") + size.to_bytes(5, "big"))
    connection.sendall(body)
    connection.sendall(media_type)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            connection.sendall(chunk)


def leave(connection, request, path):
    """The "exit" of this client: the file goes along, and the server hangs up at any moment."""
    try:
        send(connection, request, path)
        answer = connection.recv(CHUNK)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    print(json.dumps({"closed": answer == b""}))
    return 0 if answer == b"" else 1


def receive(connection, stem):
    header = connection.recv(8)
    json_size = int.from_bytes(header[0:2], "big")
    media_type_size = int.from_bytes(header[2:3], "big")
    payload_size = int.from_bytes(header[3:8], "big")
    answer = json.loads(connection.recv(json_size).decode("utf-8"))
    if payload_size == 0:
        print(json.dumps(answer))
        return 1
    media_type = connection.recv(media_type_size).decode("utf-8")
    path = f"{stem}.{media_type}"
    written = 0
    with open(path, "wb") as file:
        remaining = payload_size
        while remaining > 0:
            chunk = connection.recv(min(CHUNK, remaining))
            if not chunk:
                break
            written += file.write(chunk)
            # The flaw: a short read is taken for a full one.
            remaining -= CHUNK
    result = {"path": path, "bytes": written, "announced": payload_size, "media_type": media_type, "json": answer}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
