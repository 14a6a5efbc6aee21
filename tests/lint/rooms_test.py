#!/usr/bin/env python3
"""rooms.py finds each kind of fault in a small tree made for it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOMS = pathlib.Path(__file__).with_name("rooms.py")


class RoomsTest(unittest.TestCase):
    def run_on(self, rooms, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "rooms.txt").write_text(rooms)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            done = subprocess.run([sys.executable, ROOMS, root, root], capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_a_linked_include_is_fine(self):
        code, out = self.run_on("model_b model/b edgenext::model_a\nmodel_a model/a\n",
                                {"model/b/x.cc": '#include "model/a/a.h"\n', "model/a/a.h": ""})
        self.assertEqual(code, 0, out)

    def test_an_include_without_a_link(self):
        code, out = self.run_on("model_b model/b\nmodel_a model/a\n",
                                {"model/b/x.cc": '#include "model/a/a.h"\n', "model/a/a.h": ""})
        self.assertEqual(code, 1)
        self.assertIn("model/b does not link model/a", out)

    def test_a_circle(self):
        code, out = self.run_on("model_b model/b edgenext::model_a\nmodel_a model/a edgenext::model_b\n",
                                {"model/b/x.cc": ""})
        self.assertEqual(code, 1)
        self.assertIn("model/a → model/b → model/a", out)

    def test_a_library_outside_its_room(self):
        code, out = self.run_on("model_b model/b\n", {"model/b/x.cc": "#include <opencv2/core.hpp>\n"})
        self.assertEqual(code, 1)
        self.assertIn("only in model/image", out)

    def test_kernels_stay_bare(self):
        code, out = self.run_on("model_kernels model/kernels\n", {"model/kernels/x.cc": "#include <vector>\n"})
        self.assertEqual(code, 1)
        self.assertIn("<vector> does not belong into model/kernels", out)

    def test_sources_outside_every_room(self):
        code, out = self.run_on("model_b model/b\n", {"model/c/x.cc": ""})
        self.assertEqual(code, 1)
        self.assertIn("model/c is not a room", out)

    def test_an_empty_tree_is_a_fault(self):
        self.assertEqual(self.run_on("model_b model/b\n", {})[0], 1)


if __name__ == "__main__":
    unittest.main()
