"""Engines in processes of their own, pinned to their cores: `start` one for a case, then have it `measure`."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cases
import synthetic

HERE = pathlib.Path(__file__).resolve().parent


def pinned(case: cases.Case, cpus: list, command: list) -> list:
    return ["taskset", "-c", ",".join(map(str, cpus[-case.cores():])), *map(str, command)]


class Ours:
    """edgenext-bench, once for every measurement; edgenext-verify for the logits."""

    def __init__(self, case: cases.Case, variant: str, binaries: pathlib.Path, cpus: list):
        self.command = pinned(case, cpus, [
            binaries / "edgenext-bench", f"--variant={variant}", f"--precision={case.precision}", "--json",
            f"--latency-threads={case.threads}", f"--threads={case.executors}", f"--batch={case.batch}",
            f"--max-isa={case.isa}"])
        self.version = subprocess.run([binaries / "edgenext-bench", "--version"], check=True, capture_output=True,
                                      text=True).stdout.strip()
        self.difference = self._difference(case, variant, binaries)

    @staticmethod
    def _difference(case: cases.Case, variant: str, binaries: pathlib.Path) -> float:
        """Largest of a logit to what is recorded, in standard deviations of an image's logits."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(synthetic.golden_file(variant), folder)
            line = subprocess.run([binaries / "edgenext-verify", "golden", folder, f"--max-isa={case.isa}",
                                   f"--precision={case.precision}"], capture_output=True, text=True).stdout
        number = re.search(r"rms, ([-+.e0-9]+) at most \(of their deviation\)", line)
        if number is None:
            raise RuntimeError(f"edgenext-verify: {line.strip()}")
        return float(number[1])

    def measure(self, seconds: float) -> dict:
        result = json.loads(subprocess.run([*self.command, f"--seconds={seconds}"], check=True,
                                           stdout=subprocess.PIPE).stdout)
        return {"ms_min": result["ms_per_image_min"], "ms_median": result["ms_per_image_median"],
                "ms_at_peak": result["ms_per_image_min"] * result["share_of_peak"]}

    def stop(self):
        pass


class Peer:
    """peer.py, which stays loaded between measurements."""

    def __init__(self, case: cases.Case, variant: str, model: pathlib.Path, cpus: list):
        command = [sys.executable, HERE / "peer.py", case.engine, case.precision, case.threads, variant, model]
        self.process = subprocess.Popen(
            pinned(case, cpus, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(case.threads),
                 "TORCHINDUCTOR_CACHE_DIR": str(model.parent / "inductor")})
        ready = self._answer()
        self.version, self.difference = ready["version"], ready["difference"]

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(map(str, self.process.args))} ended with {self.process.wait()}")
        return json.loads(line)

    def measure(self, seconds: float) -> dict:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self._answer()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def start(case: cases.Case, variant: str, model: pathlib.Path, binaries: pathlib.Path, cpus: list):
    if case.engine == cases.OURS:
        return Ours(case, variant, binaries, cpus)
    return Peer(case, variant, model, cpus)
