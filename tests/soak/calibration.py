"""The simulator against the live server, on the same arrivals: what edgenext-simulate says is to be what happens."""

import json
import subprocess

import cost
import processes
import traffic

# Below a second, where gRPC's clients announce their deadlines to the millisecond: 1 s is announced as 1010 ms by most.
# And so short that the deadline, not the queue's 256 places, bounds the waiting.
DEADLINE = "500ms"
WARM_UP_SECONDS = 3


def both(context, server, jpeg, name, rate, seconds, *flags):
    """The reports of `edgenext load` and of edgenext-simulate on one trace. The simulator has the costs from scrapes
    before and after the load, and `flags`."""
    trace = traffic.trace(context.folder, f"{name}.trace", traffic.poisson(rate, WARM_UP_SECONDS + seconds))
    scrapes = {when: context.folder / f"{name}.{when}" for when in ("before", "after")}
    scrapes["before"].write_text(server.scrape())
    live = processes.run_load(context.programs, server, jpeg, f"--trace={trace}", f"--deadline={DEADLINE}",
                              f"--warm-up={WARM_UP_SECONDS}s", f"--duration={seconds}s")
    scrapes["after"].write_text(server.scrape())
    command = [context.programs.edgenext_simulate, f"--metrics-before={scrapes['before']}",
               f"--from-metrics={scrapes['after']}", f"--trace={trace}", f"--deadline={DEADLINE}",
               f"--warm-up={WARM_UP_SECONDS}s", f"--duration={WARM_UP_SECONDS + seconds}s", "--json", *flags]
    simulated = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return live, json.loads(simulated)


def what_no_scrape_tells(context, jpeg):
    """Flags of the simulator: the CPU of a refusal, and by how much an answer takes longer for its client than in the
    server, at little load."""
    with processes.Server(context.programs.burning_server, *processes.ONE_WORKER) as server:
        _, refusal_ms = cost.refusals(context, server, jpeg, full_seconds=5)
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER) as server:
        live, simulated = both(context, server, jpeg, "little", 20, context.seconds(15))
    round_trip_ms = max(0, live["ok_ms"]["p50"] - simulated["ok_ms"]["p50"])
    return (f"--refusal-cost={refusal_ms:.4f}ms", f"--round-trip={round_trip_ms:.4f}ms")


def good_per_second(report):
    return report["fates"]["good"] / report["seconds"]


def calibration(context, checks):
    """By how much goodput, p50 and p99 are simulated wrong, below and above the capacity."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    flags = what_no_scrape_tells(context, jpeg)
    for what, program in (("20 ms executions", context.programs.burning_server),
                          ("the shipped model", context.programs.edgenext_server)):
        with processes.Server(program, *processes.ONE_WORKER) as server:
            peak = processes.capacity(context, server, jpeg, full_seconds=5)["goodput_per_s"]
            for k in (0.5, 0.9, 1.5, 5):
                live, simulated = both(context, server, jpeg, f"{program.name}-{k}", k * peak, context.seconds(30),
                                       *flags)
                where = f"{what} at {k} x"
                ours, real = good_per_second(simulated), good_per_second(live)
                checks.add(f"simulated goodput, {where}", 100 * abs(ours / real - 1), "% off", "<=", 5,
                           detail=f"{ours:.1f} for {real:.1f} a second, {' '.join(flags)}")
                for percentile, bar in (("p50", 10), ("p99", 25)):
                    ours, real = simulated["ok_ms"][percentile], live["ok_ms"][percentile]
                    checks.add(f"simulated {percentile}, {where}", 100 * abs(ours / real - 1), "% off", "<=", bar,
                               detail=f"{ours:.2f} for {real:.2f} ms")
