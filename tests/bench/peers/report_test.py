#!/usr/bin/env python3
"""The report says what fixed figures say."""
import dataclasses
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True

import cases
import chart
import report
from cases import OURS, Case

SVG = "{http://www.w3.org/2000/svg}"
UNMARKED = "# Title\n\nText.\n"
MARKED = "# Title\n\n<!-- peers: how -->\nold\n<!-- /peers -->\n\nText.\n"


def record(part, case, least, median, share=None, difference=1e-6, variant="xx_small"):
    shares = {} if share is None else {"share": share}
    return {"part": part, "variant": variant, **dataclasses.asdict(case), "least_ms": least, "median_ms": median,
            "difference": difference, **shares}


def results():
    return {
        "processor": "Some CPU @ 2.5 GHz", "load": 0.3, "cores": 2, "rounds": 5, "seconds": 1.5,
        "versions": {OURS: "1.2.3", "openvino": "4.5", "onnxruntime": "6.7"},
        "records": [
            record("one thread", Case(OURS, "f32"), 4, 5, 0.876),
            record("one thread", Case(OURS, "bf16"), 2, 2.5, 0.7, 1.2e-2),
            record("one thread", Case("onnxruntime", "f32"), 9, 10, difference=3e-6),
            record("one thread", Case("openvino", "f32"), 8, 12),
            record("one thread", Case("openvino", "bf16"), 5, 6, difference=2.3e-2),
            record("one thread", Case(OURS, "f32"), 16, 17, 0.9, variant="small"),
            record("one thread", Case("onnxruntime", "f32"), 20, 21, variant="small"),
            record("two threads", Case(OURS, "f32"), 4.2, 5, 0.8),
            record("two threads", Case(OURS, "f32", threads=2), 2.1, 2.5, 0.8),
            record("two threads", Case("openvino", "f32", threads=2), 6.3, 7),
            record("alone", Case(OURS, "f32"), 4, 4.8, 0.87),
            record("alone", Case(OURS, "f32", batch=8), 4.1, 4.2, 0.86),
            record("alone", Case(OURS, "f32", executors=2), 4.2, 5, 0.85),
            record("alone", Case(OURS, "f32", isa="avx2"), 6, 7, 0.5),
        ],
    }


class ReportTest(unittest.TestCase):
    def test_one_thread(self):
        self.assertEqual(report.one_thread(results(), "f32").splitlines(), [
            "| f32 | edgenext | of the peak | ONNX Runtime | OpenVINO | fastest peer / edgenext |",
            "| --- | --- | --- | --- | --- | --- |",
            "| xx_small | 4.00 (5.00) | 88 % | 9.00 (10.00) | 8.00 (12.00) | 2.00 (2.40) |",
            "| small | 16.00 (17.00) | 90 % | 20.00 (21.00) | – | 1.25 (1.24) |"])
        self.assertEqual(report.one_thread(results(), "bf16").splitlines()[2:],
                         ["| xx_small | 2.00 (2.50) | 70 % | 5.00 (6.00) | 2.50 (2.40) |"])

    def test_two_threads(self):
        self.assertEqual(report.two_threads(results()).splitlines()[::2], [
            "| two threads on one image | edgenext on one | on two | one / two | OpenVINO | fastest peer / edgenext |",
            "| xx_small, f32 | 4.20 (5.00) | 2.10 (2.50) | 2.00 (2.00) | 6.30 (7.00) | 3.00 (2.80) |"])

    def test_alone(self):
        self.assertEqual(report.alone(results()).splitlines()[2], "| xx_small | 4.00 (4.80) | 1.025 | 96 % | 6.00 (7.00) | 50 % |")

    def test_every_part_that_was_run_and_no_other(self):
        whole = report.full(results())
        for words in ("Some CPU @ 2.5 GHz; edgenext 1.2.3, ONNX Runtime 6.7, OpenVINO 4.5.", "5 rounds of 1.5 s", "before: 0.3.",
                      "| f32 |", "| bf16 |", "| two threads on one image |", "| edgenext, f32 |",
                      "f32: edgenext 1.0e-06, ONNX Runtime 3.0e-06, OpenVINO 1.0e-06; bf16: edgenext 1.2e-02, OpenVINO 2.3e-02."):
            self.assertIn(words, whole)
        part = results()
        part["records"] = [r for r in part["records"] if r["part"] == "one thread" and r["precision"] == "f32"]
        for words in ("bf16", "two threads", "edgenext, f32"):
            self.assertNotIn(words, report.full(part))

    def test_short(self):
        self.assertEqual(report.short(results()).splitlines()[-2:], [
            "| xx_small | 4.0 ms | 8.0 ms (OpenVINO) | 2.00× | 2.0 ms | 5.0 ms (OpenVINO) | 2.50× |",
            "| small | 16.0 ms | 20.0 ms (ONNX Runtime) | 1.25× | – | – | – |"])

    def test_every_engine_must_agree(self):
        self.assertEqual(report.disagreements(results()), [])
        wrong = results()
        wrong["records"][1]["difference"] = 3.1e-2  # edgenext, bf16
        wrong["records"][3]["difference"] = float("nan")  # OpenVINO, f32
        self.assertEqual(report.disagreements(wrong), [
            "edgenext in bf16 does not compute xx_small: its logits differ by 3.1e-02 of their deviation, expected at most 3e-02",
            "openvino in f32 does not compute xx_small: its logits differ by nan of their deviation, expected at most 1e-04"])

    def test_floors(self):
        reached = {"f32": {"xx_small": 2.0, "small": 1.25, "base": 9.9}, "bf16": {"xx_small": 2.5, "base": 9.9}}
        self.assertEqual(report.shortfalls(results(), reached), [])
        missed = {"f32": {"xx_small": 2.01, "small": 1.25}, "bf16": {"xx_small": 2.6}}
        self.assertEqual(report.shortfalls(results(), missed), [
            "xx_small in f32: OpenVINO takes 2.000 times as long as edgenext, expected at least 2.01",
            "xx_small in bf16: OpenVINO takes 2.500 times as long as edgenext, expected at least 2.6"])

    def test_floors_without_a_peer(self):
        ours = results()
        ours["records"] = [r for r in ours["records"] if r["engine"] == OURS]
        self.assertEqual(report.shortfalls(ours, {"f32": {"xx_small": 9.9}}), [])

    def test_the_floors_are_of_variants_and_precisions(self):
        floors = json.loads((pathlib.Path(report.__file__).parent / "floors.json").read_text())
        self.assertEqual(list(floors), ["f32", "bf16"])
        for by_variant in floors.values():
            self.assertLessEqual(set(by_variant), set(cases.VARIANTS))
            self.assertTrue(all(floor > 1 for floor in by_variant.values()))

    def test_publish_replaces_what_is_marked(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "model").mkdir()
            for name in ("README.md", "model/README.md"):
                (root / name).write_text(MARKED)
            for _ in range(2):
                report.publish(results(), root)
            self.assertEqual((root / "model/README.md").read_text(), MARKED.replace("old\n", report.full(results())))
            self.assertEqual((root / "README.md").read_text(), MARKED.replace("old\n", report.short(results())))
        with self.assertRaises(ValueError):
            report.replace_between_marks(UNMARKED, "new\n")

    def test_the_pages_have_a_place_for_it(self):
        root = pathlib.Path(__file__).resolve().parents[3]
        for name in ("README.md", "model/README.md"):
            self.assertIn("new\n", report.replace_between_marks((root / name).read_text(), "new\n"))


class ChartTest(unittest.TestCase):
    def setUp(self):
        self.tree = ElementTree.fromstring(chart.svg(report.bars(results()), "a < b"))

    def texts(self):
        return [element.text for element in self.tree.iter(SVG + "text")]

    def test_says_who_was_how_fast(self):
        for words in ("xx_small", "small", "f32", "bf16", "edgenext", "ONNX Runtime", "OpenVINO", "a < b",
                      "4.0 ms, 88 % of peak", "2.00× · 8.0 ms", "2.50× · 5.0 ms", "1.25× · 20.0 ms"):
            self.assertIn(words, self.texts())

    def test_bars_are_as_long_as_their_ratios_and_stay_inside(self):
        bars = [e for e in self.tree.iter(SVG + "rect") if e.get("height") == str(chart.BAR)]
        widths = [float(bar.get("width")) for bar in bars]
        ours = widths[0]
        self.assertEqual([round(width / ours, 2) for width in widths], [1, 2.25, 2, 1, 1.25, 1, 2.5])
        for bar in bars:
            self.assertLess(float(bar.get("x")) + float(bar.get("width")), float(self.tree.get("width")))
            self.assertLess(float(bar.get("y")) + chart.BAR, float(self.tree.get("height")))
        places = [(bar.get("x"), bar.get("y")) for bar in bars]
        self.assertEqual(len(places), len(set(places)))


if __name__ == "__main__":
    unittest.main()
