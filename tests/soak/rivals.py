"""Against waiting for a full batch, live."""

import math
import statistics

import processes
import traffic

# Two-sided 95 % of Student's distribution with 4 degrees of freedom.
T_95_OF_4 = 2.776


def interval(differences):
    """Mean and half width of the 95 % interval of paired differences."""
    mean = statistics.mean(differences)
    if len(differences) < 2:
        return mean, math.inf
    return mean, T_95_OF_4 * statistics.stdev(differences) / math.sqrt(len(differences))


def rivals(context, checks):
    """Without and with --batch-timeout=5ms, in turns: goodput and median latency."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER) as ours, \
            processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER, "--batch-timeout=5ms") as fixed:
        peak = processes.capacity(context, ours, jpeg, full_seconds=5)["goodput_per_s"]
        for k in (0.5, 0.9, 1.5):
            pairs = []
            for turn in range(context.rounds(5)):
                reports = {}
                for server in (ours, fixed) if turn % 2 == 0 else (fixed, ours):
                    reports[server] = processes.run_load(
                        context.programs, server, f"--rate={k * peak:.1f}", jpeg, "--deadline=200ms", "--warm-up=1s",
                        f"--seed={turn + 1}", f"--duration={context.seconds(5)}s")
                pairs.append((reports[ours], reports[fixed]))
            goodput, half = interval([a["goodput_per_s"] / b["goodput_per_s"] - 1 for a, b in pairs])
            checks.add(f"goodput against --batch-timeout=5ms at {k} x, upper end of the 95 % interval",
                       100 * (goodput + half), "% more", ">=", 0, detail=f"mean {100 * goodput:+.2f} %")
            latency, half = interval([a["ok_ms"]["p50"] - b["ok_ms"]["p50"] for a, b in pairs])
            checks.add(f"median latency against --batch-timeout=5ms at {k} x, lower end of the 95 % interval",
                       latency - half, "ms more", "<=", 0, detail=f"mean {latency:+.2f} ms")
