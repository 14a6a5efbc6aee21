"""What is sent: images of a given size, and traces of sending times."""

import pathlib
import random
import struct

from processes import MODEL


def jpeg_of(folder, size):
    """A file in `folder` with the bicycle of the samples and exactly `size` bytes: comments fill it, so that what is
    decoded stays the same."""
    image = (MODEL / "samples/bicycle.jpg").read_bytes()
    missing = size - len(image)
    comments = b""
    while missing > 0:
        # A segment takes 4 bytes and holds at most 65,533; none may leave fewer than 4 to fill.
        length = min(missing, 60_000)
        if 0 < missing - length < 4:
            length -= 4
        comments += b"\xff\xfe" + struct.pack(">H", length - 2) + b" " * (length - 4)
        missing -= length
    path = pathlib.Path(folder) / f"{size}.jpg"
    path.write_bytes(image[:2] + comments + image[2:])
    assert path.stat().st_size == size
    return path


def poisson(rate, seconds, seed=1, start=0.0):
    """Sending times at random."""
    source = random.Random(seed)
    times, now = [], start
    while (now := now + source.expovariate(rate)) < start + seconds:
        times.append(now)
    return times


def gaps(count, shortest, longest, seed=1):
    """Sending times apart by random gaps."""
    source = random.Random(seed)
    times, now = [], 0.0
    for _ in range(count):
        now += source.uniform(shortest, longest)
        times.append(now)
    return times


def trace(folder, name, times):
    path = pathlib.Path(folder) / name
    path.write_text("".join(f"{time:.6f}\n" for time in times))
    return path
