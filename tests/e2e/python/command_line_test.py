"""The built client against the built server: labels, formats, exit codes."""

import csv
import io
import json
import os
import pathlib
import pty
import socket
import subprocess
import tempfile
import unittest

from harness import BIN, PATIENCE_SECONDS, PROBABILITY_TOLERANCE, SAMPLES, ServerTestCase, expected_samples, run_client

OK, FAILED, USAGE, UNREACHABLE, DEADLINE = range(5)


class CommandLineTestCase(ServerTestCase):

    def client(self, *arguments, code=OK, **options):
        done = run_client(*arguments, server=self.server.grpc, **options)
        self.assertEqual(done.returncode, code, done)
        return done

    def json_lines(self, *arguments, **options):
        return [json.loads(line) for line in self.client(*arguments, "--json", **options).stdout.splitlines()]


class ClassifyTest(CommandLineTestCase):
    # The receive limit is then that of a float tensor of 512 x 512 pixels, 3 MiB, and 64 KiB more.
    FLAGS = ("--max-image-bytes=2000000", "--max-batch-size=1")

    def assert_expected(self, line, expected):
        self.assertEqual([p["label"] for p in line["predictions"]], [label for label, _ in expected["top3"]])
        for prediction, (_, probability) in zip(line["predictions"], expected["top3"]):
            self.assertAlmostEqual(prediction["probability"], probability, delta=PROBABILITY_TOLERANCE)

    def test_the_samples_have_the_expected_labels_in_order(self):
        lines = self.json_lines("classify", "--top-k=3", SAMPLES)
        expected = expected_samples()
        expected.sort(key=lambda sample: sample["file"])
        self.assertEqual([line["file"] for line in lines], [str(SAMPLES / sample["file"]) for sample in expected])
        for line, sample in zip(lines, expected):
            self.assert_expected(line, sample)

    def test_json_has_exactly_the_keys_of_the_contract(self):
        good, bad = self.json_lines("classify", SAMPLES / "penguin.jpg", "no such file", code=FAILED)
        self.assertEqual(list(good), ["file", "predictions", "model", "version", "timings_ms"])
        self.assertEqual([list(p) for p in good["predictions"]], [["index", "label", "probability"]] * 5)
        self.assertEqual((good["model"], good["version"]), ("pictograms", "1"))
        self.assertEqual(list(good["timings_ms"]), ["queue", "decode", "execute", "total"])
        self.assertGreaterEqual(good["timings_ms"]["total"],
                                good["timings_ms"]["decode"] + good["timings_ms"]["execute"])
        self.assertEqual(list(bad), [*good, "error"])
        self.assertEqual(bad["file"], "no such file")
        self.assertEqual(bad["predictions"], [])
        self.assertEqual(list(bad["error"]), ["code", "message"])
        self.assertEqual(bad["error"]["code"], "NOT_FOUND")

    def test_csv_has_a_row_per_prediction(self):
        with tempfile.TemporaryDirectory() as folder:
            broken = pathlib.Path(folder) / 'bro,ken"s.jpg'
            broken.write_bytes(b"no image")
            done = self.client("classify", "--csv", "--top-k=2", SAMPLES / "penguin.jpg", broken, code=FAILED)
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        self.assertEqual(list(rows[0]), ["file", "rank", "index", "label", "probability", "model", "version", "queue_ms",
                                         "decode_ms", "execute_ms", "total_ms", "error_code", "error_message"])
        self.assertEqual([(row["file"], row["rank"]) for row in rows],
                         [(str(SAMPLES / "penguin.jpg"), "1"), (str(SAMPLES / "penguin.jpg"), "2"), (str(broken), "")])
        self.assertEqual((rows[0]["label"], rows[0]["error_code"]), ("penguin", ""))
        self.assertEqual((rows[2]["label"], rows[2]["error_code"]), ("", "INVALID_ARGUMENT"))
        self.assertIn("IMAGE_UNSUPPORTED", rows[2]["error_message"])

    def test_the_table_is_plain_without_a_terminal(self):
        done = self.client("classify", "--top-k=3", SAMPLES / "bicycle.jpg")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0].split(), ["FILE", "QUEUE", "DECODE", "EXECUTE", "TOTAL", "ms", "PROB", "LABEL"])
        self.assertEqual([line.split("%  ")[1] for line in lines[1:]],
                         [label for label, _ in expected_samples()[1]["top3"]])
        self.assertNotIn(b"\033", done.stdout + done.stderr)
        self.assertRegex(done.stderr.decode(), r"^1 image, 0 failed, [\d.]+ images/s \([\d.]+ s\)\n$")

    def test_the_table_has_colours_on_a_terminal(self):
        ours, theirs = pty.openpty()
        environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        environment["EDGENEXT_SERVER"] = self.server.grpc
        subprocess.run([BIN / "edgenext", "classify", SAMPLES / "bicycle.jpg"], stdout=theirs, stderr=subprocess.DEVNULL,
                       env=environment, timeout=PATIENCE_SECONDS, check=True)
        os.close(theirs)
        with open(ours, "rb", buffering=0) as terminal:
            self.assertIn(b"\033[1m", terminal.read(65536))

    def test_standard_input(self):
        line, = self.json_lines("classify", "-", stdin=(SAMPLES / "guitar.webp").read_bytes())
        self.assertEqual((line["file"], line["predictions"][0]["label"]), ("-", "guitar"))

    def test_images_that_cannot_be_classified_are_reported_one_by_one(self):
        with tempfile.TemporaryDirectory() as folder:
            contents = {"a-empty.jpg": b"", "b-text.jpg": b"no image",
                        "c-cut.png": (SAMPLES / "hamburger.png").read_bytes()[:300],
                        "d-large.bmp": bytes(2_000_001), "e-huge.bmp": bytes(4_000_000),
                        "f-good.jpg": (SAMPLES / "camera.jpg").read_bytes()}
            for name, data in contents.items():
                (pathlib.Path(folder) / name).write_bytes(data)
            lines = self.json_lines("classify", folder, code=FAILED)
        self.assertEqual([pathlib.Path(line["file"]).name for line in lines], list(contents))
        self.assertEqual([line.get("error", {}).get("code") for line in lines],
                         ["INVALID_ARGUMENT"] * 4 + ["RESOURCE_EXHAUSTED", None])
        for line, reason in zip(lines, ["IMAGE_UNSUPPORTED", "IMAGE_UNSUPPORTED", "IMAGE_CORRUPT", "IMAGE_TOO_LARGE"]):
            self.assertIn(reason, line["error"]["message"])
        self.assertEqual(lines[5]["predictions"][0]["label"], "camera")

    def test_an_unknown_model_fails(self):
        line, = self.json_lines("classify", "--model=resnet", SAMPLES / "camera.jpg", code=FAILED)
        self.assertEqual(line["error"]["code"], "NOT_FOUND")
        self.assertEqual(self.json_lines("classify", "--model=pictograms", "--model-version=1", "--priority=bulk",
                                         SAMPLES / "camera.jpg")[0]["predictions"][0]["label"], "camera")

    def test_many_files_come_back_in_order(self):
        names = [SAMPLES / sample["file"] for sample in expected_samples()] * 20
        lines = self.json_lines("classify", "--top-k=3", *names)
        self.assertEqual([line["file"] for line in lines], [str(name) for name in names])
        for line, sample in zip(lines, expected_samples() * 20):
            self.assert_expected(line, sample)


class InfoAndHealthTest(CommandLineTestCase):

    def test_info(self):
        text = self.client("info").stdout.decode()
        for part in ("edgenext", "ready", "pictograms", "edgenext_onednn", "[-1, 474]"):
            self.assertIn(part, text)
        info = json.loads(self.client("info", "--json").stdout)
        self.assertEqual(info["server"]["name"], "edgenext")
        self.assertTrue(info["server"]["ready"])
        self.assertEqual((info["model"]["name"], info["model"]["versions"]), ("pictograms", ["1"]))
        self.assertEqual(info["model"]["inputs"], [{"name": "image", "datatype": "BYTES", "shape": [-1]}])
        self.client("info", "--model=resnet", code=FAILED)

    def test_health(self):
        for name in ("", "liveness", "readiness", "edgenext.v1.Classifier", "model/pictograms"):
            self.assertEqual(self.client("health", *([name] if name else [])).stdout, b"SERVING\n")
        self.assertEqual(json.loads(self.client("health", "readiness", "--json").stdout),
                         {"service": "readiness", "status": "SERVING"})
        self.assertIn(b"'model/resnet'", self.client("health", "model/resnet", code=FAILED).stderr)


class UnixSocketTest(CommandLineTestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.FLAGS = (f"--host=unix:{cls.folder.name}/socket",)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def test_the_address_of_the_ready_line_is_one_the_client_takes(self):
        self.assertEqual(self.json_lines("classify", SAMPLES / "camera.jpg")[0]["predictions"][0]["label"], "camera")


class WithoutServerTest(unittest.TestCase):

    def test_a_wrong_command_line(self):
        for arguments in ((), ("classify",), ("paint",), ("classify", "x", "--top-k=0"), ("health", "--timeout=soon"),
                          ("health", "--server=::1:8001")):
            with self.subTest(arguments):
                done = run_client(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, b""))
                self.assertNotEqual(done.stderr, b"")

    def test_no_server(self):
        with socket.socket() as unused:  # bound and not listening: connections are refused
            unused.bind(("127.0.0.1", 0))
            server = f"127.0.0.1:{unused.getsockname()[1]}"
            for arguments in (("classify", SAMPLES), ("info",), ("health",)):
                done = run_client(*arguments, server=server)
                self.assertEqual((done.returncode, done.stdout), (UNREACHABLE, b""), arguments)
                self.assertIn(server.encode(), done.stderr)

    def test_a_server_that_does_not_answer(self):
        with socket.socket() as silent:  # the kernel accepts, nobody speaks
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            server = f"127.0.0.1:{silent.getsockname()[1]}"
            for arguments in (("classify", SAMPLES), ("info",), ("health",)):
                done = run_client("--timeout=100ms", *arguments, server=server)
                self.assertEqual(done.returncode, DEADLINE, arguments)

    def test_unreadable_files_need_no_server(self):
        done = run_client("classify", "--json", "no such file", server="127.0.0.1:1")
        self.assertEqual(done.returncode, FAILED)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
