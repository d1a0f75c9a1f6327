"""tuspy as it is: uploads a file whole, or some pieces of it, or the rest."""

import sys

from tusclient.client import TusClient

server, token, path, piece, count, known = sys.argv[1:7]
client = TusClient(f"{server}/files/", headers={"Authorization": f"Bearer {token}"})
uploader = client.uploader(
    path,
    chunk_size=int(piece),
    url=known or None,
    metadata={"filename": "from python.mp4", "operation": "audio"},
    retries=5,
    retry_delay=0,
    upload_checksum="checksum" in sys.argv[7:],
)
if int(count):
    for _ in range(int(count)):
        uploader.upload_chunk()
else:
    uploader.upload()
print(uploader.url, uploader.offset)
