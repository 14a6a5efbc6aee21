"""Clients that send half of a message and then nothing: the server's memory stays under what it said at start."""

import re
import selectors
import subprocess
import time
import unittest
import urllib.request

from half_sender import HalfSender
from harness import BIN, MODEL, PATIENCE_SECONDS, Server

CONNECTIONS = 200
MIB = 1 << 20


def metrics(server):
    text = urllib.request.urlopen(f"http://{server.http}/metrics", timeout=PATIENCE_SECONDS).read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.M)}


class MemoryTest(unittest.TestCase):

    def test_half_messages_stay_within_the_bound(self):
        # AddressSanitizer would keep 256 MiB of what was freed.
        server = Server("--cpus=1", "--max-image-bytes=4MiB", "--max-inflight-bytes=64MiB", "--max-open-calls=1024",
                        asan_options="quarantine_size_mb=4:thread_local_quarantine_size_kb=64")
        self.addCleanup(server.close)
        before = metrics(server)
        senders = [HalfSender(server.grpc) for _ in range(CONNECTIONS)]
        selector = selectors.DefaultSelector()
        for sender in senders:
            self.addCleanup(sender.socket.close)
            selector.register(sender.socket, selectors.EVENT_READ, sender)

        peak, deadline = 0, time.monotonic() + PATIENCE_SECONDS
        while not all(sender.settled for sender in senders):
            self.assertLess(time.monotonic(), deadline)
            selector.select(0.05)
            for sender in senders:
                sender.pump()
            peak = max(peak, metrics(server)["process_resident_memory_bytes"])
        now = metrics(server)
        peak = max(peak, now["process_resident_memory_bytes"])

        refused = sum(sender.refused for sender in senders)
        self.assertEqual(refused, CONNECTIONS - 64 * MIB // (4 * MIB + (64 << 10)), "the budget is for 15 messages")
        self.assertEqual(now["edgenext_inflight_bytes"], 15 * (4 * MIB + (64 << 10)))
        self.assertLess(peak, now["edgenext_memory_bound_bytes"])
        # The budget, and for each connection its window and what gRPC keeps: not half of every message, 400 MiB.
        growth = peak - before["process_resident_memory_bytes"]
        self.assertLess(growth, 64 * MIB + CONNECTIONS * (256 + 48 + 32) * 1024)

        for sender in senders:
            sender.socket.close()
        while metrics(server)["edgenext_open_calls"] > 0:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(metrics(server)["edgenext_inflight_bytes"], 0)
        self.assertEqual(metrics(server)["edgenext_inflight_requests"], 0)
        self.assertEqual(server.stop(), 0)

    def test_what_does_not_fit_does_not_start(self):
        ended = subprocess.run([BIN / "edgenext-server", f"--model={MODEL}", "--grpc-port=0", "--http-port=0",
                                "--max-inflight-bytes=1048576GiB"],
                               capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(ended.returncode, 64)
        self.assertRegex(ended.stderr, r"not enough memory: the server may take \d+ MiB, the memory limit is \d+ MiB")
        self.assertIn("--max-inflight-bytes (", ended.stderr)


if __name__ == "__main__":
    unittest.main()
