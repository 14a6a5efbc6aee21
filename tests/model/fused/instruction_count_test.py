#!/usr/bin/env python3
"""Holds the instructions that one image takes against recorded counts:

    instruction_count_test.py INSTRUCTION_COUNT COUNTS.json BUILD [--record]

Counts do not depend on the load or the clock of a machine, as times do. They are of the AVX2 table, since Valgrind
knows no AVX-512, and of one compiler: BUILD is its name, major version and build type, "GNU 12 Release", and a build
without recorded counts is skipped. A change that is meant to change them runs with --record and commits the file.
"""
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOLERANCE = 0.01
CASES = ("edgenext_xx_small 96", "edgenext_xx_small_bn_hs 96", "edgenext_small_rw 64")
SKIPPED = 77


def count(program, case):
    """The instructions between entering and leaving RunCountedImage."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--collect-atstart=no",
             "--toggle-collect=RunCountedImage", program, *case.split()], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None or found[1] == "0":
        sys.exit(f"{case}: callgrind failed with {done.returncode}:\n{done.stderr}")
    return int(found[1])


def main():
    arguments = [a for a in sys.argv[1:] if a != "--record"]
    record = len(arguments) < len(sys.argv) - 1
    program, path, build = arguments[0], pathlib.Path(arguments[1]), arguments[2]
    if shutil.which("valgrind") is None:
        print("skipped: no valgrind")
        return SKIPPED
    recorded = json.loads(path.read_text())
    if build not in recorded and not record:
        print(f"skipped: no counts of {build}, only of {', '.join(recorded)}")
        return SKIPPED

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        counts = dict(zip(CASES, pool.map(lambda case: count(program, case), CASES)))
    if record:
        recorded[build] = counts
        path.write_text(json.dumps(recorded, indent=2) + "\n")
        return 0
    failures = 0
    for case, instructions in counts.items():
        before = recorded[build].get(case)
        if before is None:
            print(f"{case}: {instructions} instructions, none recorded")
            failures += 1
            continue
        change = instructions / before - 1
        print(f"{case}: {instructions} instructions, {100 * change:+.2f} % of {before}")
        failures += abs(change) > TOLERANCE
    if failures:
        print(f"{failures} of {len(counts)} counts are off by more than {100 * TOLERANCE:g} %. If that is meant, record them:")
        print(f"  {pathlib.Path(__file__)} '{program}' '{path}' '{build}' --record")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
