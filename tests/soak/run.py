"""Runs the scenarios and says which bars they meet: README.md."""

import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import re
import sys
import tempfile

from checks import MARKS, Checks, line, number
import calibration
import cost
import distance
import drain
import endurance
import idle
import overload
import processes
import quota
import rivals

SCENARIOS = {function.__name__: function for function in (
    cost.overhead, cost.throughput, cost.refusal, overload.goodput, overload.waiting, overload.retries,
    overload.cancels, idle.idle, distance.distance, rivals.rivals, drain.drain, quota.quota,
    calibration.calibration, endurance.endurance)}
# Those whose counts and invariants are worth a minute on any machine.
SHORT = ("goodput", "waiting", "retries", "cancels", "drain", "endurance")

# For ctest, which does not count it as passed.
EXIT_SKIPPED = 77


class Context:
    """What a scenario runs with, and how long."""

    def __init__(self, programs, folder, short):
        self.programs = programs
        self.folder = folder
        self._short = short

    def pick(self, full, short):
        return short if self._short else full

    def seconds(self, full):
        return self.pick(full, max(2, full // 5))

    def rounds(self, full):
        return self.pick(full, 2)


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", text, re.M))
    return f"{fields.get('model name', platform.processor())}, family {fields.get('cpu family', '?')}, " \
           f"model {fields.get('model', '?')}"


def write_results(folder, checks, machine):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [dict(vars(check), figure=None if math.isnan(check.figure) else check.figure, state=check.state)
            for check in checks.all]
    (folder / "serving.json").write_text(
        json.dumps({"machine": machine, "figures": rows, "not_run": checks.not_run}, indent=1) + "\n")
    lines = [f"{machine['date']}, {machine['processor']}, {machine['cpus']} CPUs, load {machine['load']} before.", "",
             "| what | figure | bar | |", "| --- | --- | --- | --- |"]
    for check in checks.all:
        bar = f"{check.relation} {number(check.bar)}" if check.relation else ""
        state = "**missed**" if check.state == "missed" else check.state
        lines.append(f"| {check.what} | {number(check.figure)} {check.unit} | {bar} | {state} |")
    lines += [f"| {scenario}: not run, {why} | | | |" for scenario, why in checks.not_run.items()]
    (folder / "serving.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], metavar="SCENARIO",
                        help=f"of {', '.join(SCENARIOS)} [all]")
    parser.add_argument("--build", type=pathlib.Path, default=processes.ROOT / "build/ci", help="where the programs are")
    parser.add_argument("--short", action="store_true", help="three minutes: only counts and invariants decide")
    parser.add_argument("--publish", action="store_true", help="write the figures to tests/bench/results")
    arguments = parser.parse_args()
    if processes.GENERATOR_CPU == processes.SERVER_CPU:
        print("not run: server and generator need a CPU each, and there is one")
        return EXIT_SKIPPED
    machine = {"date": datetime.date.today().isoformat(), "processor": processor(), "cpus": os.cpu_count(),
               "load": " ".join(f"{load:.2f}" for load in os.getloadavg())}
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        context = Context(processes.Programs(arguments.build.resolve()), pathlib.Path(folder), arguments.short)
        for name in arguments.scenarios or (SHORT if arguments.short else SCENARIOS):
            checks.begin(name)
            SCENARIOS[name](context, checks)
    results = processes.ROOT / "tests/bench/results" if arguments.publish else arguments.build / "soak"
    write_results(results, checks, machine)
    missed, void = checks.with_state("missed"), checks.with_state("void")
    print(f"{len(checks.all)} figures, {len(missed)} missed, {len(void)} void, {len(checks.not_run)} scenarios not run; "
          f"written to {results}")
    if arguments.short:
        missed, void = [check for check in missed if check.is_count], []
    for check in missed + void:
        print(f"{MARKS[check.state]} {line(check)}")
    return 1 if missed or void else 0


if __name__ == "__main__":
    sys.exit(main())
