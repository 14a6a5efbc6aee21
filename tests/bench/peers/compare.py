"""Compares edgenext-bench with the peers on one core. Called by `run`; see README.md."""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parents[1] / "data" / "golden"
TOLERANCE = 1e-4  # between implementations; ours is held to 1e-5 by edgenext-verify


def machine() -> str:
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(line.split("\t:", 1) if "\t:" in line else (line.replace("\t", "").split(":", 1) + [""])[:2]
                  for line in cpuinfo if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    return f"{fields.get('model name')} (family {fields.get('cpu family')}, model {fields.get('model')})"


def run_json(command: list, cpu: int) -> dict:
    output = subprocess.run(["taskset", "-c", str(cpu), *map(str, command)], check=True, stdout=subprocess.PIPE,
                            cwd=HERE, env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout
    return json.loads(output)


def run_ours(binaries: pathlib.Path, variant: str, seconds: float, cpu: int) -> dict:
    result = run_json([binaries / "edgenext-bench", "--variant", variant, "--seconds", seconds, "--json"], cpu)
    return {"ms_min": result["ms_per_image_min"], "ms_median": result["ms_per_image_median"]}


def verify_ours(binaries: pathlib.Path, variant: str):
    """Holds our logits to the same recorded results as the peers'."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(GOLDEN / f"{variant}-official-seed1-2x256x256-c1000.safetensors", folder)
        subprocess.run([binaries / "edgenext-verify", "golden", folder], check=True, stdout=sys.stderr)


def export(variant: str, model: pathlib.Path):
    """Writes the model once; an export that was interrupted leaves none behind its name."""
    if model.exists():
        return
    unfinished = model.with_suffix(".unfinished.onnx")
    subprocess.run([sys.executable, HERE / "export.py", variant, unfinished], check=True, stdout=sys.stderr)
    unfinished.replace(model)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help="folder of edgenext-bench, edgenext-verify")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for exported models")
    parser.add_argument("--variants", default="edgenext_xx_small,edgenext_small")
    parser.add_argument("--peers", default="onnxruntime,openvino")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each peer in each round")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    args = parser.parse_args()

    print(f"{machine()}, CPU {args.cpu}, one thread, batch 1, 256 x 256, float32, ms an image: min (median of the "
          f"rounds' medians) over {args.rounds} interleaved rounds of {args.seconds:g} s")
    failed = False
    for variant in args.variants.split(","):
        model = args.work / f"{variant}.onnx"
        export(variant, model)
        verify_ours(args.binaries, variant)
        results: dict = {"edgenext": []}
        for _ in range(args.rounds):
            results["edgenext"].append(run_ours(args.binaries, variant, args.seconds, args.cpu))
            for peer in args.peers.split(","):
                command = [sys.executable, HERE / "peer.py", peer, variant, model, args.seconds]
                results.setdefault(peer, []).append(run_json(command, args.cpu))
        ours = min(r["ms_min"] for r in results["edgenext"])
        for name, rounds in results.items():
            best = min(r["ms_min"] for r in rounds)
            median = statistics.median(r["ms_median"] for r in rounds)
            line = f"{variant:24s} {name:12s} {best:8.2f} ({median:8.2f}) ms"
            if name != "edgenext":
                difference = max(r["difference"] for r in rounds)
                line += f"   edgenext takes {ours / best:.2f} of it   largest logit difference {difference:.1e}"
                failed |= difference > TOLERANCE
            print(line, flush=True)
    if failed:
        print("a peer disagrees with the recorded logits: it does not compute the same network", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
