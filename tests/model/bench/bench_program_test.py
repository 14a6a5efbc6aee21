#!/usr/bin/env python3
"""Runs edgenext-bench as users do: bench_program_test.py EDGENEXT_BENCH MODEL_FOLDER"""
import json
import pathlib
import subprocess
import sys

KEYS = ["variant", "execution", "precision", "isa", "height", "width", "batch", "threads", "latency_threads",
        "ms_per_image_min", "ms_per_image_median", "mac_per_clk", "share_of_peak", "load_ms", "ready_ms", "arena_bytes",
        "weights_bytes"]


def run(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


program, model = sys.argv[1:]

small = ("--height=64", "--width=96", "--seconds=0.05")
done = run("--variant=edgenext_xx_small", *small, "--threads=2", "--batch=3", "--json", "--profile")
check(done.returncode == 0, done.stderr)
check(done.stdout.count("\n") == 1, "one line of JSON: " + done.stdout)
result = json.loads(done.stdout)
check(list(result) == KEYS, f"keys {list(result)}")
check(result["variant"] == "edgenext_xx_small" and result["batch"] == 3 and result["threads"] == 2, result)
check(result["precision"] == "f32" and result["execution"] == "fused" and result["latency_threads"] == 1, result)
check((result["height"], result["width"]) == (64, 96), result)
check(0 < result["load_ms"] < result["ready_ms"], result)
check(0 < result["ms_per_image_min"] <= result["ms_per_image_median"], result)
check(0 < result["share_of_peak"] and 0 < result["mac_per_clk"], result)

# A table: kind, ms, %, MMAC, MAC/clk, % of peak, ms beyond.
for execution, kinds in (("fused", {"mlp", "linear", "depthwise", "xca"}), ("layered", {"linear", "depthwise", "xca"})):
    done = run("--variant=edgenext_xx_small", *small, "--profile", f"--execution={execution}")
    check(done.returncode == 0, done.stderr)
    check(json.loads(done.stdout)["execution"] == execution, done.stdout)
    heading, *rows = done.stderr.splitlines()
    check(heading.split()[0] == "kind", done.stderr)
    table = {row[:12].strip(): [float(cell) for cell in row[12:].split()] for row in rows}
    check(kinds <= set(table) and all(len(cells) == 6 for cells in table.values()), done.stderr)
    for kind in kinds:
        check(all(cell > 0 for cell in table[kind][:5]), f"{kind}: {table[kind]}")
    check(table["all"][1] == 100, done.stderr)
    for ms, _, _, _, of_peak, beyond in table.values():
        # As exactly as it is printed.
        check(abs(ms * (1 - of_peak / 100) - beyond) <= 0.0011 + 0.0006 * ms, done.stderr)
    total = sum(cells[0] for kind, cells in table.items() if kind != "all")
    check(abs(total - table["all"][0]) <= 0.0005 * len(table), done.stderr)

done = run("--model", model, "--seconds=0.05", "--max-isa=scalar")
check(done.returncode == 0, done.stderr)
check(json.loads(done.stdout)["isa"] == "scalar", done.stdout)
done = run("--model", model, "--seconds=0.05", "--max-isa=best")
check(done.returncode == 0, done.stderr)
check(json.loads(done.stdout)["isa"] == result["isa"], f"not the default, {result['isa']}: {done.stdout}")

# Without --height and --width a model runs at its own size. An executor's memory tells sizes apart.
size = json.loads((pathlib.Path(model) / "model.json").read_text())["input_size"]
arenas = []
for arguments in ((), (f"--height={size}", f"--width={size}"), (f"--height={size + 32}", f"--width={size + 32}")):
    done = run("--model", model, "--seconds=0.05", *arguments)
    check(done.returncode == 0, done.stderr)
    arenas.append(json.loads(done.stdout)["arena_bytes"])
check(arenas[0] == arenas[1] < arenas[2], f"arenas {arenas}")
done = run("--model", model, "--height=64")
check(done.returncode == 64 and "only --height=64 is given" in done.stderr, done.stderr)

done = run("--variant=edgenext_xx_small", *small, "--latency-threads=3", "--json")
check(done.returncode == 0, done.stderr)
check(list(json.loads(done.stdout)) == KEYS and json.loads(done.stdout)["latency_threads"] == 3, done.stdout)

for arguments, word in ((("--latency-threads=0",), "latency-threads"), (("--latency-threads=65",), "latency-threads"), (("--variant=edgenext_huge",), "edgenext_huge"),
                        (("--precision=int8",), "precision"), (("--height=100",), "multiple of 32"), (("--width=0",), "width"),
                        (("--max-isa=mmx",), "--max-isa: unknown instruction set 'mmx', expected one of best, scalar, avx2, avx512"), (("--model=x", "--variant=y"), "--variant")):
    done = run(*arguments)
    check(done.returncode == 64, f"{arguments}: exit code {done.returncode}")
    check(word in done.stderr and done.stdout == "", f"{arguments}: {done.stderr}")

print("edgenext-bench does what it says")
