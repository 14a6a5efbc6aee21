"""The built client keeps its promise, one result for every file, while the server is stopped and started again."""

import json
import os
import re
import signal
import socket
import subprocess
import unittest
import urllib.request

from harness import BIN, PATIENCE_SECONDS, SAMPLES, Server, expected_samples

ROUNDS = 40


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RestartTest(unittest.TestCase):

    def setUp(self):
        self.port = free_port()
        self.names = [SAMPLES / sample["file"] for sample in expected_samples()] * ROUNDS
        self.labels = [sample["top3"][0][0] for sample in expected_samples()] * ROUNDS

    def start_server(self):
        server = Server("--cpus=1", grpc_port=self.port)
        self.addCleanup(server.close)
        return server

    def start_client(self):
        """A client whose output is read a line at a time, so that the test knows how far it is."""
        client = subprocess.Popen(
            [BIN / "edgenext", f"--server=127.0.0.1:{self.port}", "--timeout=60s", "classify", "--json", "--top-k=1",
             *self.names],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "EDGENEXT_SERVER": ""})
        self.addCleanup(lambda: client.poll() is None and client.kill())
        return client

    def assert_every_file_answered_once(self, client, first_lines):
        rest, errors = client.communicate(timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in first_lines + rest.splitlines()]
        self.assertEqual([line["file"] for line in lines], [str(name) for name in self.names])
        self.assertEqual([line["predictions"][0]["label"] if line["predictions"] else line["error"] for line in lines],
                         self.labels)
        self.assertEqual(client.returncode, 0, errors)

    def test_a_drained_server_and_its_successor(self):
        server = self.start_server()
        client = self.start_client()
        first_lines = [client.stdout.readline() for _ in range(50)]
        self.assertEqual(server.stop(), 0, server.log())
        self.assertIsNone(client.poll(), "the client ended before its server did: the test needs more files")
        successor = self.start_server()
        self.assert_every_file_answered_once(client, first_lines)
        self.assertEqual(successor.stop(), 0, successor.log())

    def test_a_killed_server_and_its_successor(self):
        server = self.start_server()
        client = self.start_client()
        first_lines = [client.stdout.readline() for _ in range(50)]
        server.process.send_signal(signal.SIGKILL)
        server.kill()
        self.assertIsNone(client.poll(), "the client ended before its server did: the test needs more files")
        successor = self.start_server()
        self.assert_every_file_answered_once(client, first_lines)
        self.assertEqual(successor.stop(), 0, successor.log())

    def test_connections_that_age_under_a_long_stream(self):
        """An image takes near a tenth of a second without vector instructions: ten seconds of one stream."""
        self.names = self.names[:100]
        server = Server("--cpus=1", "--max-isa=scalar", "--input-size=256", "--max-connection-age=2s",
                        grpc_port=self.port)
        self.addCleanup(server.close)
        rest, errors = self.start_client().communicate(timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in rest.splitlines()]
        self.assertEqual([line["file"] for line in lines], [str(name) for name in self.names])
        self.assertEqual([line for line in lines if "error" in line], [], errors)
        metrics = urllib.request.urlopen(f"http://{server.http}/metrics", timeout=PATIENCE_SECONDS).read().decode()
        requests = {code: float(count) for code, count in re.findall(
            r'edgenext_requests_total{[^}]*code="(\w+)"[^}]*method="ClassifyStream"[^}]*} (\S+)', metrics)
                    if float(count)}
        self.assertEqual(requests, {"OK": len(self.names)}, "what was read was answered, and nothing read twice")
        self.assertEqual(server.stop(), 0, server.log())

    def test_a_server_that_does_not_come_back(self):
        server = self.start_server()
        client = self.start_client()
        first_lines = [client.stdout.readline() for _ in range(50)]
        self.assertEqual(server.stop(), 0, server.log())
        rest, _ = client.communicate(timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in first_lines + rest.splitlines()]
        self.assertEqual([line["file"] for line in lines], [str(name) for name in self.names])
        self.assertEqual({line.get("error", {}).get("code") for line in lines}, {None, "UNAVAILABLE"})
        self.assertEqual(client.returncode, 3)


if __name__ == "__main__":
    unittest.main()
