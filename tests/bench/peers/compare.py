"""Compares edgenext-bench with the peers. Called by `run`; see README.md."""
import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import cases
import engines
import report

FLOORS = engines.HERE / "floors.json"


def processor() -> dict:
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    return {"name": f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})",
            "bf16": "avx512_bf16" in fields["flags"].split()}


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def export(variant: str, model: pathlib.Path):
    """Writes the model once; an export that was interrupted leaves none behind its name."""
    if model.exists():
        return
    say(f"{variant}: exporting")
    unfinished = model.with_suffix(".unfinished.onnx")
    subprocess.run([sys.executable, engines.HERE / "export.py", variant, unfinished], check=True,
                   stdout=subprocess.DEVNULL)
    unfinished.replace(model)


def in_rounds(running: dict, rounds: int, seconds: float) -> dict:
    """Has the engines measure in turn, another one first in each round; {case: figures}."""
    order = list(running)
    results = {case: [] for case in order}
    for i in range(rounds):
        for case in order[i % len(order):] + order[:i % len(order)]:
            results[case].append(running[case].measure(seconds))
    return {case: summary(measured) for case, measured in results.items()}


def summary(measured: list) -> dict:
    figures = {"least_ms": min(m["ms_min"] for m in measured),
               "median_ms": statistics.median(m["ms_median"] for m in measured)}
    if "ms_at_peak" in measured[0]:  # at the fastest that the core was in any round
        figures["share"] = min(m["ms_at_peak"] for m in measured) / figures["least_ms"]
    return figures


def compare(args, part: str, name: str, wanted: list, versions: dict) -> list:
    """The records of one part for one variant."""
    variant = f"edgenext_{name}"
    model = args.work / f"{variant}.onnx"
    export(variant, model)
    running, records = {}, []
    try:
        for case in wanted:
            running[case] = engines.start(case, variant, model, args.binaries, args.cpus)
            versions[case.engine] = running[case].version
        for case, figures in in_rounds(running, args.rounds, args.seconds).items():
            records.append({"part": part, "variant": name, **dataclasses.asdict(case), **figures,
                            "difference": running[case].difference})
            say(f"{name:16s} {str(case):30s} {figures['least_ms']:8.2f} ({figures['median_ms']:8.2f}) ms   "
                f"difference {running[case].difference:.1e}")
    finally:
        for engine in running.values():
            engine.stop()
    return records


def plan(args, bf16: bool) -> list:
    """(part, variant, cases) in the order in which they are run."""
    precisions = ["f32", "bf16"] if bf16 else ["f32"]
    steps = []
    for name in args.variants:
        peers = [p for p in args.peers if p != "torch" or name in args.torch_variants]
        steps.append(("one thread", name, cases.one_thread(precisions, peers)))
        if len(args.cpus) > 1 and name in cases.PAIR_VARIANTS:
            steps.append(("two threads", name, cases.two_threads(precisions, peers)))
        if name in cases.ALONE_VARIANTS:
            steps.append(("alone", name, cases.alone(len(args.cpus))))
    return steps


def arguments() -> argparse.Namespace:
    def names(text):
        return text.split(",")

    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(prog="run", description=__doc__.split(".")[0] + ".")
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help="folder of edgenext-bench, edgenext-verify")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for exported models and results")
    parser.add_argument("--variants", type=names, default=cases.VARIANTS, help="without edgenext_ (default: all)")
    parser.add_argument("--peers", type=names, default=list(cases.PEER_PRECISIONS), help="(default: all)")
    parser.add_argument("--torch-variants", type=names, default=["xx_small", "small"],
                        help="that torch.compile runs, which takes a minute each to compile them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each engine in each round")
    parser.add_argument("--cpus", type=numbers, default=sorted(os.sched_getaffinity(0)),
                        help="the last is for one thread (default: all)")
    parser.add_argument("--quick", action="store_true", help="a smoke test: two small variants, moments of each")
    parser.add_argument("--publish", action="store_true",
                        help="put table and chart into results/ and into the READMEs")
    parser.add_argument("--check", action="store_true", help="fail where ours is less ahead than floors.json says")
    args = parser.parse_args()
    if args.quick:
        args.variants, args.torch_variants = ["xx_small", "xx_small_bn_hs"], []
        args.rounds, args.seconds = 2, 0.1
    if "torch" in args.peers and shutil.which("g++") is None:
        say("torch.compile is left out: it needs g++")
        args.peers.remove("torch")
    unknown = set(args.variants) - set(cases.VARIANTS) | set(args.peers) - set(cases.PEER_PRECISIONS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return args


def main() -> int:
    args = arguments()
    machine = processor()
    load = os.getloadavg()[0]
    say(f"{machine['name']}, load average {load:.1f}; ms an image: least (median of medians)")
    results = {"processor": machine["name"], "load": round(load, 1), "cores": len(args.cpus),
               "rounds": args.rounds, "seconds": args.seconds, "versions": {}, "records": []}
    for part, name, wanted in plan(args, machine["bf16"]):
        results["records"] += compare(args, part, name, wanted, results["versions"])

    disagreements = report.disagreements(results)
    for line in disagreements:
        say(line)
    if disagreements:
        return 1

    folder = engines.HERE / "results" if args.publish else args.work / "results"
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    report.write(results, folder)
    if args.publish:
        report.publish(results, engines.HERE.parents[2])
    say(f"written to {folder}")

    shortfalls = report.shortfalls(results, json.loads(FLOORS.read_text())) if args.check else []
    for line in shortfalls:
        say(line)
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main())
