"""What the serving path costs beside the network: CPU a request, a refusal, and the throughput that is left."""

import statistics
import subprocess

import processes
import traffic

JPEG_BYTES = 80_000
TENSOR = ("--tensor", "--input-size=256")  # 196,608 bytes


def overhead(context, checks):
    """CPU of the server's process, kernel included, less that of decoding, preprocessing and the network."""
    jpeg = traffic.jpeg_of(context.folder, JPEG_BYTES)
    for what, flags, bar in (("JPEG of 80 kB", (jpeg,), 0.15), ("UINT8 of 196 kB", TENSOR, 0.20)):
        with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER, "--input-size=256") as server:
            for load, loop in (("saturated", ("--concurrency=4",)), ("20 a second", ("--rate=20",))):
                report = processes.run_load(context.programs, server, *loop, *flags, "--deadline=10s",
                                            f"--duration={context.seconds(10)}s")
                # The bar is for a busy server: at rest every request wakes threads that would be awake.
                relation = "<=" if load == "saturated" else ""
                checks.add(f"overhead a request, {what}, {load}", report["server"]["overhead_ms_per_request"], "ms",
                           relation, bar, detail=f"{report['goodput_per_s']:.0f} a second")
                checks.count(f"answered OK, {what}, {load}", report["good_share"], "==", 1)


def throughput(context, checks):
    """Images a second of a saturated server against the bare executor on the same core, in turns."""
    for variant, precision, bar in (("edgenext_xx_small", "auto", 0.92), ("edgenext_small", "auto", 0.98)):
        weights = context.folder / f"{variant}.safetensors"
        subprocess.run([context.programs.synthetic_model, variant, weights], check=True)
        shares = []
        with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER, f"--precision={precision}",
                              model=weights) as server:
            for _ in range(context.rounds(5)):
                bare = processes.bench(context.programs, f"--model={weights}", f"--precision={precision}",
                                       f"--seconds={context.seconds(5)}")
                report = processes.run_load(context.programs, server, "--concurrency=4", *TENSOR, "--deadline=10s",
                                            "--warm-up=1s", f"--duration={context.seconds(5)}s")
                shares.append(report["goodput_per_s"] * bare["ms_per_image_median"] / 1000)
        checks.add(f"share of the bare executor's throughput, {variant}", statistics.median(shares), "", ">=", bar,
                   detail=f"{min(shares):.3f} to {max(shares):.3f} over {len(shares)} rounds, {bare['precision']}")


def refusals(context, server, jpeg, full_seconds, rate=2000):
    """The report of requests that the burning server refuses, as their deadline is shorter than one execution; and
    the CPU of one in ms. Once a second one is tried all the same: what that computes is not a refusal's."""
    report = processes.run_load(context.programs, server, f"--rate={rate}", jpeg, "--deadline=15ms",
                                f"--duration={context.seconds(full_seconds)}s")
    return report, report["server"]["overhead_ms_per_request"]


def refusal(context, checks):
    """CPU of one refusal."""
    for size, rate in ((80_000, 2000), (200_000, 1000)):  # more of the larger ones the generator does not send in time
        jpeg = traffic.jpeg_of(context.folder, size)
        with processes.Server(context.programs.burning_server, *processes.ONE_WORKER) as server:
            report, cpu_ms = refusals(context, server, jpeg, full_seconds=10, rate=rate)
        refused = report["fates"]["refused"]
        # A client whose own timer runs out first takes its request back: at 15 ms that is seldom.
        checks.count(f"refused of all, {size // 1000} kB", refused / report["requests"], ">=", 0.98)
        checks.add(f"CPU of a refusal, {size // 1000} kB", cpu_ms, "ms", "<=", 0.12,
                   detail=f"{report['requests_per_s']:.0f} a second")
