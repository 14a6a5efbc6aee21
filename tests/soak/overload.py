"""More requests than the core can serve."""

import contextlib
import math
import os
import subprocess
import time

import cost
import processes
import traffic

DEADLINE = "1s"


def accounted(checks, report, what):
    """Nothing is lost: every request has a fate, and none of those that mean a fault."""
    checks.count(f"requests without an answer of ours, {what}",
                 report["fates"]["failed"] + report["fates"]["not_sent"], "==", 0,
                 detail=", ".join(f"{o['code']} {o['reason']} {o['count']}" for o in report["outcomes"]))


def at_rest(checks, server, what, seconds=10):
    """All gauges are back at zero, within that time."""
    names = ("edgenext_queue_depth", "edgenext_inflight_requests", "edgenext_inflight_bytes")
    settled = processes.until(lambda: not any(server.metrics()[name] for name in names), seconds)
    checks.count(f"gauges back at zero, {what}", settled, "==", 1)


def goodput(context, checks):
    """Goodput at k times the capacity, refusals paid: peak x (1 - (k - 1) r / T)."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    with processes.Server(context.programs.burning_server, *processes.ONE_WORKER) as server:
        _, r = cost.refusals(context, server, jpeg, full_seconds=5)
        peak = processes.capacity(context, server, jpeg, full_seconds=8)["goodput_per_s"]
        for k in context.pick((1.5, 3, 10), (3,)):
            report = processes.run_load(context.programs, server, f"--rate={k * peak:.1f}", jpeg,
                                        f"--deadline={DEADLINE}", f"--duration={context.seconds(10)}s")
            checks.add(f"goodput of 20 ms executions at {k} x", report["goodput_per_s"] / peak, "of the peak", ">=",
                       0.95, detail=f"peak {peak:.1f} a second")
            accounted(checks, report, f"20 ms executions at {k} x")
        at_rest(checks, server, "20 ms executions")
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER) as server:
        report = processes.capacity(context, server, jpeg, full_seconds=8)
        peak, t = report["goodput_per_s"], report["server"]["cpu_ms_per_request"]
        for k in context.pick((1.5, 3, 10), (3,)):
            report = processes.run_load(context.programs, server, f"--rate={k * peak:.1f}", jpeg,
                                        f"--deadline={DEADLINE}", f"--duration={context.seconds(10)}s")
            bar = 0.95 * (1 - (k - 1) * r / t)
            checks.add(f"goodput at {k} x", report["goodput_per_s"] / peak, "of the peak", ">=", bar,
                       detail=f"peak {peak:.0f} a second, r {r:.3f} ms, T {t:.2f} ms")
            accounted(checks, report, f"{k} x")
        at_rest(checks, server, "overload")


def waiting(context, checks):
    """How long what is accepted waits at ten times the capacity, and how long health takes meanwhile."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    limit_ms = 500
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER, f"--max-queue-wait={limit_ms}ms",
                          "--queue-capacity=4096") as server:
        report = processes.capacity(context, server, jpeg, full_seconds=5)
        peak, t = report["goodput_per_s"], report["server"]["cpu_ms_per_request"]
        load = processes.start_load(context.programs, server, f"--rate={10 * peak:.1f}", jpeg, "--deadline=60s",
                                    f"--duration={context.seconds(15)}s")
        health = health_checks(context, server, load)
        report = processes.finish_load(load)
        accounted(checks, report, "10 x")
        checks.add("p99 of accepted requests at 10 x", report["ok_ms"]["p99"], "ms", "<=", limit_ms + 1.5 * t,
                   detail=f"--max-queue-wait={limit_ms}ms, T {t:.2f} ms")
        checks.add("p99 of health checks at 10 x", health[int(0.99 * len(health))], "ms", "<", 50,
                   detail=f"{len(health)} runs of `edgenext health`, the program's start included")
        refusals = histogram(server.metrics(), "edgenext_refusal_duration_seconds")
        checks.add("p99 of refusals, from their headers to Finish", 1000 * refusals(0.99), "ms", "<", 2,
                   detail="upper edge of its bucket")
        at_rest(checks, server, "10 x")


def health_checks(context, server, load):
    """Times of `edgenext health` in ms, sorted, one after the other while the load runs. It goes before the generator
    where it may: what it waits for there is not the server's doing."""
    def prepared():
        processes.pinned(processes.GENERATOR_CPU)()
        with contextlib.suppress(PermissionError):
            os.nice(-20)

    times = []
    while load.poll() is None:
        began = time.monotonic()
        subprocess.run([context.programs.edgenext, f"--server={server.grpc}", "health"], check=True,
                       capture_output=True, preexec_fn=prepared)
        times.append(1000 * (time.monotonic() - began))
        time.sleep(0.05)
    return sorted(times)


def histogram(metrics, name):
    """A function from a share to the upper edge of the bucket that holds that quantile."""
    buckets = {}
    for sample, value in metrics.items():
        if sample.startswith(name + "_bucket{"):
            edge = sample.split('le="')[1].split('"')[0]
            buckets[float(edge)] = buckets.get(float(edge), 0) + value
    edges = sorted(buckets)
    return lambda share: next(edge for edge in edges if buckets[edge] >= share * buckets[edges[-1]])


def retries(context, checks):
    """Ten seconds at three times the capacity with clients that try five times, then 0.8 times."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    storm, calm = context.seconds(10), context.seconds(10)
    with processes.Server(context.programs.burning_server, *processes.ONE_WORKER) as server:
        peak = processes.capacity(context, server, jpeg, full_seconds=5)["goodput_per_s"]
        times = traffic.poisson(3 * peak, storm) + traffic.poisson(0.8 * peak, calm, seed=2, start=storm)
        report = processes.run_load(context.programs, server, jpeg, f"--deadline={DEADLINE}", "--attempts=5",
                                    f"--trace={traffic.trace(context.folder, 'storm', times)}")
        accounted(checks, report, "retry storm")
        last_bad = 0.0
        for interval in report["timeline"]["intervals"]:
            end = interval["start_s"] + report["timeline"]["interval_s"]
            wanted = sum(count for fate, count in interval.items() if fate in report["fates"])
            if interval["good"] < wanted:
                last_bad = end
        checks.add("time to goodput 100 % after a storm of retries", max(0.0, last_bad - storm), "s", "<", 2,
                   detail=f"{report['attempts']} attempts of {report['requests']} requests")
        at_rest(checks, server, "retry storm")


def cancels(context, checks):
    """Twice the capacity in bursts, which are cancelled while a few of their images are executed: the others never are."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    burst, period, gap, cancelled_after, execution = 50, 0.5, 0.0005, 0.060, 0.020
    bursts = context.pick(20, 6)
    times = [period * (1 + i) + gap * j for i in range(bursts) for j in range(burst)]
    with processes.Server(context.programs.burning_server, *processes.ONE_WORKER) as server:
        def executions():
            return sum(count for name, count in server.metrics().items() if name.startswith("edgenext_inferences_total"))

        before = executions()
        report = processes.run_load(context.programs, server, jpeg, "--deadline=10s", "--warm-up=0",
                                    f"--cancel-after={1000 * cancelled_after:.0f}ms",
                                    f"--trace={traffic.trace(context.folder, 'bursts', times)}")
        at_rest(checks, server, "cancel storm")
        executed = executions() - before
    cancelled = report["fates"]["cancelled"]
    detail = f"{cancelled} cancelled, {executed:.0f} executed, {report['fates']['good']} answered"
    # Before the last cancel of a burst comes the worker begins with this many at most, decoding left out.
    begun_before = bursts * math.ceil((burst * gap + cancelled_after) / execution + 1)
    checks.add("executions begun after their cancel, of the cancelled",
               max(0, executed - begun_before) / max(cancelled, 1), "", "<", 0.01, detail=detail)
    checks.count("executions of what was cancelled or answered", executed / len(times), "<", 0.5, detail=detail)
    accounted(checks, report, "cancel storm")
