"""The built load generator against the built server: counts and forms, no times."""

import json
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
import xml.etree.ElementTree

from command_line_test import FAILED, OK, UNREACHABLE, USAGE, CommandLineTestCase
from harness import BIN, PATIENCE_SECONDS, SAMPLES, run_client

VOID = FAILED


class LoadTest(CommandLineTestCase):

    def load(self, *arguments, codes=(OK, VOID), metrics=None):
        """The report as JSON. A run is void where the machine is too busy for it, which changes no count."""
        done = run_client("load", "--json", "--deadline=60s", f"--metrics={metrics or self.server.http}", *arguments,
                          server=self.server.grpc)
        self.assertIn(done.returncode, codes, done)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode != OK, report["void"] or report["ok_ms"]["count"] == 0, done)
        return report

    def assert_all_good(self, report):
        count = report["requests"]
        self.assertGreater(count, 0)
        self.assertEqual(report["fates"]["good"], count)
        self.assertEqual(report["outcomes"], [{"code": "OK", "reason": "", "count": count}])
        self.assertEqual(report["ok_ms"]["count"], count)

    def test_a_trace_sends_each_request_once(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "trace"
            trace.write_text("".join(f"{i / 100} {('bulk', 'interactive')[i % 2]}\n" for i in range(40)))
            report = self.load(f"--trace={trace}", "--connections=2")
        self.assert_all_good(report)
        self.assertEqual(report["requests"], 40)
        self.assertEqual(report["attempts"], 40)
        # What the server had answered when the time that counts was over; the slower the machine, the fewer.
        self.assertLessEqual(report["server"]["requests"], 40)
        self.assertGreater(report["server"]["cpu_s"], 0)
        self.assertIn("execute", report["server"]["stage_mean_ms"])

    def test_a_closed_loop(self):
        report = self.load("--concurrency=3", "--duration=1s", "--warm-up=0s", SAMPLES / "penguin.jpg")
        self.assert_all_good(report)
        self.assertEqual(report["most_in_flight"], 3)
        self.assertEqual(report["request"]["what"], "1 image")

    def test_rates_of_every_method(self):
        for arguments in ((), ("--arrivals=constant", "--bulk-share=0.5"), ("--method=infer", "--images-per-request=2"),
                          ("--tensor", "--input-size=128", "--images-per-request=2", "--priority=bulk")):
            with self.subTest(arguments):
                self.assert_all_good(self.load("--rate=20", "--duration=500ms", "--warm-up=0s", *arguments))

    def test_cancelled_requests_are_told_apart(self):
        report = self.load("--rate=50", "--duration=500ms", "--warm-up=0s", "--cancel-after=0s", "--connections=1")
        self.assertEqual(report["fates"]["cancelled"] + report["fates"]["good"], report["requests"])

    def test_errors_are_told_apart(self):
        report = self.load("--rate=20", "--duration=500ms", "--warm-up=0s", "--model=resnet", codes=(FAILED,))
        self.assertEqual(report["outcomes"],
                         [{"code": "NOT_FOUND", "reason": "MODEL_NOT_FOUND", "count": report["requests"]}])

    def test_a_search_that_finds_nothing_says_so(self):
        # A deadline of 1 ms that no image keeps.
        done = run_client("load", "--json", "--find-rate", "--rate=0.3", "--deadline=1ms", "--duration=2s", "--warm-up=0s",
                          SAMPLES / "fire-engine.jpg", server=self.server.grpc)
        self.assertEqual(done.returncode, FAILED)
        search = json.loads(done.stdout)["search"]
        self.assertIsNone(search["rate"])
        self.assertEqual([step["passed"] for step in search["steps"]], [False, False])

    def test_an_interrupt_ends_the_run_and_reports_it(self):
        """The signal comes after requests of the run have reached the server."""
        before = self.requests_seen_by_the_server()
        client = subprocess.Popen([BIN / "edgenext", "--server", self.server.grpc, "load", "--json", "--rate=50",
                                   "--deadline=60s", "--duration=30m", "--warm-up=0s", f"--metrics={self.server.http}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            while client.poll() is None and self.requests_seen_by_the_server() < before + 5:
                time.sleep(0.01)
            client.send_signal(signal.SIGINT)
            out, err = client.communicate(timeout=PATIENCE_SECONDS)
        finally:
            client.kill()
        self.assertIn(client.returncode, (OK, VOID), err)
        report = json.loads(out)
        self.assertGreaterEqual(report["requests"], 5)
        self.assertEqual(report["fates"]["good"], report["requests"])
        self.assertLess(report["seconds"], PATIENCE_SECONDS)

    def requests_seen_by_the_server(self):
        with urllib.request.urlopen(f"http://{self.server.http}/metrics", timeout=PATIENCE_SECONDS) as answer:
            text = answer.read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("edgenext_requests_total{") and 'method="Classify"' in line)

    def test_the_page_is_well_formed_and_complete(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.html"
            report = self.load("--rate=50", "--duration=1s", "--warm-up=0s", f"--html={page}")
            text = page.read_text()
        root = xml.etree.ElementTree.fromstring(text)
        self.assertEqual(len(root.findall(".//{http://www.w3.org/2000/svg}svg")), 3)
        cells = [cell.text for cell in root.iter("td")]
        self.assertIn("%.2f" % report["ok_ms"]["p99"], cells)
        self.assertNotIn("://", text.replace("http://www.w3.org/2000/svg", ""))

    def test_the_table(self):
        done = run_client("load", "--rate=20", "--duration=500ms", "--warm-up=0s", f"--metrics={self.server.http}",
                          server=self.server.grpc)
        text = done.stdout.decode()
        for part in ("open loop, 20 requests/s (Poisson)", "answered OK", "send lag", "server CPU: "):
            self.assertIn(part, text)
        self.assertNotIn("\033", text)

    def test_without_metrics_the_rest_is_there(self):
        report = self.load("--concurrency=1", "--duration=200ms", "--warm-up=0s", metrics="127.0.0.1:1")
        self.assert_all_good(report)
        self.assertEqual(list(report["server"]), ["error"])


class WithoutServerLoadTest(unittest.TestCase):

    def test_what_cannot_begin_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "trace"
            trace.write_text("0\nsoon\n")
            for arguments, code, why in (((f"--trace={trace}",), FAILED, b"line 2"),
                                         (("no such image",), FAILED, b"no such image"),
                                         ((f"--html={folder}/no/page",), FAILED, b"cannot be written"),
                                         (("--rate=0",), USAGE, b"--rate"),
                                         (("--server=example.org",), USAGE, b"--allow-remote"),
                                         (("--server=127.0.0.1:1",), UNREACHABLE, b"127.0.0.1:1")):
                with self.subTest(arguments):
                    done = run_client("load", *arguments)
                    self.assertEqual((done.returncode, done.stdout), (code, b""), done)
                    self.assertIn(why, done.stderr)
