#!/usr/bin/env python3
"""Client C, rebuilt from what it sends and expects (MMP section 3). For tests only.

First a ping on a connection of its own, then `upload` with a MIME media type on a second one, which is
held until the result comes. It insists on `status` "success", on its own spelling of the operation, and
for trim on the media type video/gif or video/webm.

Prints one JSON line: {"path", "bytes", "media_type", "json", "ping"} and exits 0, or the server's error
and exits 1. A server that broke one of the expectations is reported as {"status": "error", "unexpected": ...}.
"""

import argparse
import json
import os
import socket
import sys

CHUNK = 64 * 1024
ENDINGS = {"audio/mpeg": "mp3", "video/x-matroska": "mkv", "video/quicktime": "mov", "video/x-msvideo": "avi"}
MEDIA_TYPES = {ending: name for name, ending in ENDINGS.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("input", help="the file to send")
    parser.add_argument("output_stem", help="where the result goes; the answer's media type gives its ending")
    parser.add_argument("operation", help="compress, resize, aspect, convert, trim")
    parser.add_argument("parameters", nargs="?", default="{}", help='for example \'{"size":"2"}\'')
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds without a byte (default 300)")
    options = parser.parse_args()
    address = (options.host, options.port)

    with socket.create_connection(address, options.timeout) as connection:
        send(connection, {"action": "ping", "message": "connection_start"}, "text/plain", None)
        pong = receive(connection, None)[0]
    if pong.get("status") != "success":
        return failed(pong)

    request = {
        "action": "upload",
        "file_name": os.path.basename(options.input),
        "operation": options.operation,
        "parameters": json.loads(options.parameters),
    }
    ending = os.path.splitext(options.input)[1].lstrip(".")
    with socket.create_connection(address, options.timeout) as connection:
        send(connection, request, MEDIA_TYPES.get(ending, f"video/{ending}"), options.input)
        answer, media_type, path = receive(connection, options.output_stem)

    if answer.get("status") != "success":
        return failed(answer)
    wrong = unexpected(answer, media_type, path, options.operation)
    if wrong:
        return failed({"status": "error", "unexpected": wrong, "media_type": media_type, "json": answer})
    size = os.path.getsize(path)
    print(json.dumps({"path": path, "bytes": size, "media_type": media_type, "json": answer, "ping": pong}))
    return 0


def unexpected(answer, media_type, path, operation):
    if answer.get("operation") != operation:
        return "operation"
    if operation == "trim" and media_type not in ("video/gif", "video/webm"):
        return "media type"
    return None if path else "payload"


def failed(answer):
    print(json.dumps(answer))
    return 1


def send(connection, request, media_type, path):
    body = json.dumps(request).encode("utf-8")
    name = media_type.encode("utf-8")
    size = os.path.getsize(path) if path else 0
    connection.sendall(len(body).to_bytes(2, "big") + len(name).to_bytes(1, "big") + size.to_bytes(5, "big"))
    connection.sendall(body)
    connection.sendall(name)
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
    path = f"{stem}.{ENDINGS.get(media_type, media_type.split('/')[-1])}"
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
