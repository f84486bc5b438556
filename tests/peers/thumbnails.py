"""A function that computes: the example's thumbnails, in an isolate and in a native process."""

import contextlib
import http.client
import statistics
import struct
import time
import urllib.parse
import zlib

import measure
import servers

WIDTH, HEIGHT = 1600, 1200


def measured(binary, rounds=15):
    """Medians in seconds of a call to the isolate and to the native function, which take turns."""
    picture = png(WIDTH, HEIGHT)
    times = {"/isolate": [], "/native": []}
    with servers.samovar(binary, "thumbnails.yaml", None) as server:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.gateway).netloc)
        with contextlib.closing(connection):
            # The first call of each is not counted.
            for number in range(rounds + 1):
                for path, taken in times.items():
                    began = time.perf_counter()
                    scale(connection, path, picture)
                    if number:
                        taken.append(time.perf_counter() - began)
    return [statistics.median(taken) for taken in times.values()]


def scale(connection, path, picture):
    connection.request("POST", f"{path}?width=200", picture, {"Content-Type": "image/png"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or not body.startswith(b"\x89PNG"):
        raise measure.Failed(f"{path}: {response.status}: {body[:200]!r}")


def png(width, height):
    """A picture in which no two pixels beside each other are the same."""
    rows = b"".join(
        b"\0" + bytes(channel for x in range(width) for channel in (x & 255, y & 255, (x * y) & 255))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
