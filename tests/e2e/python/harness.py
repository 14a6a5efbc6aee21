"""What the tests share: the built server as a process, the built client, the sample pictures."""

import json
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["EDGENEXT_BIN"])
MODEL = ROOT / "model/default"
SAMPLES = MODEL / "samples"

# Long enough for a server under AddressSanitizer on a busy machine; nothing waits for it to pass.
PATIENCE_SECONDS = 240

# Of a probability, against PyTorch in float64 after Pillow's preprocessing (expected.json, 4 decimals): README.md,
# "Tolerances".
PROBABILITY_TOLERANCE = 1e-4


def expected_samples():
    """[{file, top3: [[label, probability], ...]}, ...] as PyTorch has them."""
    return json.loads((SAMPLES / "expected.json").read_text())


class Server:
    """A running edgenext-server with the model that ships; HTTP on a free port, and gRPC too unless `grpc_port` says.

    `asan_options` are for a server built with AddressSanitizer, beside those of the environment.
    """

    def __init__(self, *flags, grpc_port=0, asan_options=""):
        command = [BIN / "edgenext-server", f"--model={MODEL}", f"--grpc-port={grpc_port}", "--http-port=0",
                   "--log-format=text", *flags]
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), asan_options)))
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True,
                                        env={**os.environ, "ASAN_OPTIONS": options})
        try:
            self.grpc, self.http = self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self):
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        match = re.fullmatch(r"ready grpc=(\S+) http=(\S+) model=pictograms\n", line)
        if match is None:
            raise AssertionError(f"expected the ready line, got {line!r}; the server's log:\n{self.log()}")
        return match.groups()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def begin_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Drains the server; returns its exit code."""
        self.begin_stop()
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as expired:
            raise AssertionError(f"the server did not end; its log:\n{self.log()}") from expired
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def close(self):
        """For addCleanup: leaves nothing behind, whatever happened."""
        self.kill()
        self._log.close()


class ServerTestCase(unittest.TestCase):
    """Tests that share one server, `cls.server`, started with `FLAGS`. It must end well.

    Values are compared with those recorded in float32, which is what the server computes in unless a test says otherwise.
    """

    FLAGS = ()
    PRECISION = "f32"

    @classmethod
    def setUpClass(cls):
        cls.server = Server(f"--precision={cls.PRECISION}", *cls.FLAGS)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.log()
        cls.server.close()
        if code != 0:
            raise AssertionError(f"the server ended with {code}, expected 0; its log:\n{log}")


def run_client(*arguments, server="", stdin=None):
    """Runs the built client to its end; its output is text."""
    environment = {key: value for key, value in os.environ.items() if key not in ("EDGENEXT_SERVER", "NO_COLOR")}
    if server:
        environment["EDGENEXT_SERVER"] = server
    return subprocess.run([BIN / "edgenext", *map(str, arguments)], input=stdin, capture_output=True,
                          env=environment, timeout=PATIENCE_SECONDS, check=False)
