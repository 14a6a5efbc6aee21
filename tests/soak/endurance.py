"""Minutes of overload by clients of every kind: memory stays where it is."""

import random
import signal
import socket
import struct
import threading
import time

import processes
import traffic

ONE_WORKER = ("--cpus=1", "--pin=off")
WARM_UP_SHARE = 0.2


def half_message(address, stop, message_bytes=4_000_000):
    """A client that sends the headers of a Classify call and half of its message, and then nothing more."""
    host, port = address.rsplit(":", 1)

    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def literal(name, value):  # HPACK, never indexed, no Huffman code
        return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value

    headers = b"".join(literal(*field) for field in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/edgenext.v1.Classifier/Classify"),
        (b":authority", b"localhost"), (b"te", b"trailers"), (b"content-type", b"application/grpc")))
    with socket.create_connection((host, int(port))) as client:
        client.settimeout(0.5)
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, headers) +
                       frame(0, 0, 1, b"\0" + struct.pack(">I", message_bytes)))
        sent = 0
        try:
            while sent < message_bytes // 2 and not stop.is_set():
                client.sendall(frame(0, 0, 1, bytes(16_384)))
                sent += 16_384
        except OSError:
            pass  # its window is full, or the server has refused it
        stop.wait()


def broken_images(folder):
    """A folder with what is no image, or not a whole one."""
    broken = folder / "broken"
    broken.mkdir(exist_ok=True)
    whole = traffic.jpeg_of(folder, 80_000).read_bytes()
    source = random.Random(1)
    (broken / "noise.jpg").write_bytes(source.randbytes(30_000))
    (broken / "cut.jpg").write_bytes(whole[:40_000])
    flipped = bytearray(whole)
    for _ in range(200):
        flipped[source.randrange(30_000, len(flipped))] ^= 1 << source.randrange(8)
    (broken / "flipped.jpg").write_bytes(flipped)
    (broken / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" +
                                      struct.pack(">II", 60_000, 60_000) + b"\x08\x02\0\0\0\0\0\0\0")
    return broken


def slope(points):
    """Of the line that fits (x, y) best by least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x)**2 for x, _ in points)


def endurance(context, checks):
    """Valid, invalid, cancelled, slow and killed clients together, three times as much as the core can do."""
    seconds = context.pick(600, 20)
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    broken = broken_images(context.folder)
    stop = threading.Event()
    with processes.Server(context.programs.edgenext_server, *ONE_WORKER) as server:
        peak = processes.run_load(context.programs, server, "--concurrency=8", jpeg,
                                  f"--duration={context.seconds(5)}s")["goodput_per_s"]
        lasting = (f"--duration={seconds}s", "--warm-up=0", "--connections=8")
        loads = {
            "valid": processes.start_load(context.programs, server, f"--rate={1.5 * peak:.0f}", jpeg, *lasting),
            "retrying": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", jpeg,
                                             "--attempts=5", "--bulk-share=0.5", *lasting),
            "invalid": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", broken, *lasting),
            "cancelled": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", jpeg,
                                              "--cancel-after=20ms", *lasting),
        }
        slow = [threading.Thread(target=half_message, args=(server.grpc, stop), daemon=True) for _ in range(50)]
        for thread in slow:
            thread.start()
        began, points, peak_bytes = time.monotonic(), [], 0
        while (now := time.monotonic() - began) < seconds:
            killed = processes.start_load(context.programs, server, "--rate=50", jpeg, "--duration=1h")
            time.sleep(min(2.0, seconds / 10))
            killed.send_signal(signal.SIGKILL)
            killed.communicate()
            resident = server.resident_bytes()
            peak_bytes = max(peak_bytes, resident)
            if now > WARM_UP_SHARE * seconds:
                points.append((now / 3600, resident / 1e6))
        reports = {name: processes.finish_load(load) for name, load in loads.items()}
        stop.set()
        for thread in slow:
            thread.join()
        bound = server.metrics()["edgenext_memory_bound_bytes"]
        checks.add("growth of memory under all kinds of clients", slope(points), "MB/h", "<", 5,
                   detail=f"over {seconds * (1 - WARM_UP_SHARE):.0f} s, peak {peak_bytes / 1e6:.0f} MB")
        checks.count("peak of memory, of the bound computed at start", peak_bytes / bound, "<=", 1,
                     detail=f"bound {bound / 1e6:.0f} MB")
        for name, report in reports.items():
            wrong = [o for o in report["outcomes"] if o["code"] in ("INTERNAL", "UNKNOWN", "UNAVAILABLE", "UNIMPLEMENTED")]
            checks.count(f"answers of a fault, {name} clients", sum(o["count"] for o in wrong), "==", 0,
                         detail=", ".join(f"{o['code']} {o['reason']} {o['count']}" for o in report["outcomes"]))
        names = ("edgenext_queue_depth", "edgenext_inflight_requests", "edgenext_inflight_bytes")
        checks.count("gauges back at zero, after clients of every kind",
                     processes.until(lambda: not any(server.metrics()[name] for name in names), seconds=40), "==", 1)
        checks.count("exit code after clients of every kind", server.stop(), "==", 0)
