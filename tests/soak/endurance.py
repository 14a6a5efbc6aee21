"""Minutes of overload by clients of every kind: memory stays where it is."""

import contextlib
import random
import signal
import struct
import sys
import threading
import time

import overload
import processes
import traffic

sys.path.append(str(processes.ROOT / "tests/e2e/python"))
from half_sender import HalfSender  # noqa: E402

WARM_UP_SHARE = 0.2


def send_halves(address, count, stop):
    """Clients that each send half of a message, until `stop`; then they go."""
    senders = [HalfSender(address) for _ in range(count)]
    while not stop.wait(0.05):
        for sender in senders:
            with contextlib.suppress(OSError):  # the server has closed its connection
                sender.pump()
    for sender in senders:
        sender.socket.close()


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
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER) as server:
        peak = processes.capacity(context, server, jpeg, full_seconds=5)["goodput_per_s"]
        lasting = (f"--duration={seconds}s", "--warm-up=0", "--connections=8")
        loads = {
            "valid": processes.start_load(context.programs, server, f"--rate={1.5 * peak:.0f}", jpeg, *lasting),
            "retrying": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", jpeg,
                                             "--attempts=5", "--bulk-share=0.5", *lasting),
            "invalid": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", broken, *lasting),
            "cancelled": processes.start_load(context.programs, server, f"--rate={0.5 * peak:.0f}", jpeg,
                                              "--cancel-after=20ms", *lasting),
        }
        slow = threading.Thread(target=send_halves, args=(server.grpc, 50, stop), daemon=True)
        slow.start()
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
        slow.join()
        bound = server.metrics()["edgenext_memory_bound_bytes"]
        checks.add("growth of memory under all kinds of clients", slope(points), "MB/h", "<", 5,
                   detail=f"over {seconds * (1 - WARM_UP_SHARE):.0f} s, peak {peak_bytes / 1e6:.0f} MB")
        checks.count("peak of memory, of the bound computed at start", peak_bytes / bound, "<=", 1,
                     detail=f"bound {bound / 1e6:.0f} MB")
        for name, report in reports.items():
            wrong = [o for o in report["outcomes"] if o["code"] in ("INTERNAL", "UNKNOWN", "UNAVAILABLE", "UNIMPLEMENTED")]
            checks.count(f"answers of a fault, {name} clients", sum(o["count"] for o in wrong), "==", 0,
                         detail=", ".join(f"{o['code']} {o['reason']} {o['count']}" for o in report["outcomes"]))
        overload.at_rest(checks, server, "clients of every kind", seconds=40)
        checks.count("exit code after clients of every kind", server.stop(), "==", 0)
