"""Runs the scenarios and says which bars they meet: README.md."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import sys
import tempfile

from checks import Checks, number
import cost
import distance
import drain
import endurance
import idle
import overload
import processes
import rivals

SCENARIOS = {function.__name__: function for function in (
    cost.overhead, cost.throughput, cost.refusal, overload.goodput, overload.waiting, overload.retries,
    overload.cancels, idle.idle, distance.distance, rivals.rivals, drain.drain, endurance.endurance)}
# Those whose counts and invariants are worth a minute on any machine.
SHORT = ("goodput", "waiting", "retries", "cancels", "drain", "endurance")


class Context:
    """What a scenario runs with, and how long."""

    def __init__(self, programs, folder, short):
        self.programs = programs
        self.folder = folder
        self._short = short

    def pick(self, full, short):
        return short if self._short else full

    def seconds(self, full):
        return self.pick(full, max(1, full // 5))

    def rounds(self, full):
        return self.pick(full, 2)


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", text, re.M))
    return f"{fields.get('model name', platform.processor())}, family {fields.get('cpu family', '?')}, " \
           f"model {fields.get('model', '?')}"


def write_results(folder, checks, machine):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [dict(vars(check), met=check.met) for check in checks]
    (folder / "serving.json").write_text(json.dumps({"machine": machine, "figures": rows}, indent=1) + "\n")
    lines = [f"{machine['date']}, {machine['processor']}, {machine['cpus']} CPUs, load {machine['load']} before.", "",
             "| what | figure | bar | |", "| --- | --- | --- | --- |"]
    for check in checks:
        bar = f"{check.relation} {number(check.bar)}" if check.relation else ""
        met = "" if not check.relation else "met" if check.met else "**missed**"
        lines.append(f"| {check.what} | {number(check.figure)} {check.unit} | {bar} | {met} |")
    (folder / "serving.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], metavar="SCENARIO",
                        help=f"of {', '.join(SCENARIOS)} [all]")
    parser.add_argument("--build", type=pathlib.Path, default=processes.ROOT / "build/ci", help="where the programs are")
    parser.add_argument("--short", action="store_true", help="three minutes: only counts and invariants decide")
    parser.add_argument("--publish", action="store_true", help="write the figures to tests/bench/results")
    arguments = parser.parse_args()
    machine = {"date": datetime.date.today().isoformat(), "processor": processor(), "cpus": os.cpu_count(),
               "load": " ".join(f"{load:.2f}" for load in os.getloadavg())}
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        context = Context(processes.Programs(arguments.build.resolve()), pathlib.Path(folder), arguments.short)
        for name in arguments.scenarios or (SHORT if arguments.short else SCENARIOS):
            checks.scenario = name
            SCENARIOS[name](context, checks)
    results = processes.ROOT / "tests/bench/results" if arguments.publish else arguments.build / "soak"
    write_results(results, checks.all, machine)
    missed = [check for check in checks.all if not check.met and (check.is_count or not arguments.short)]
    print(f"{len(checks.all)} figures, {len(missed)} missed; written to {results}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
