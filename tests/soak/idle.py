"""Latency where there is hardly any load."""

import processes
import traffic


def idle(context, checks):
    """One request at a time, with pauses: the answer takes decoding, the network and little else."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    with processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER) as server:
        report = processes.run_load(context.programs, server, "--rate=10", "--arrivals=constant", "--connections=1",
                                    jpeg, f"--duration={context.seconds(30)}s")
        stages = report["server"]["stage_mean_ms"]
        computed = stages["decode"] + stages["preprocess"] + stages["execute"]
        checks.add("p50 when idle, beyond decoding and the network", report["ok_ms"]["p50"] - computed, "ms", "<=", 0.3,
                   detail=f"p50 {report['ok_ms']['p50']:.2f} ms, computing {computed:.2f} ms")
    # Timers of a second that stall at their end show after pauses of just that length. Several servers share the
    # time: together they are busy for a few percent of it.
    parallel = context.pick(4, 1)
    count = context.pick(700, 10) // parallel
    servers, loads = [], []
    try:
        for i in range(parallel):
            server = processes.Server(context.programs.edgenext_server, *processes.ONE_WORKER)
            servers.append(server)
            times = traffic.gaps(count, 1.0, 1.1, seed=i)
            loads.append(processes.start_load(context.programs, server, jpeg, "--connections=1",
                                              f"--trace={traffic.trace(context.folder, f'gaps{i}', times)}"))
        reports = [processes.finish_load(load) for load in loads]
    finally:
        for server in servers:
            server.kill()
    slowest = max(report["ok_ms"]["max"] for report in reports)
    checks.add("slowest answer over idle gaps of 1.0 to 1.1 s", slowest - computed, "ms late", "<", 20,
               detail=f"{count * parallel} gaps")
    checks.count("answered OK over idle gaps", min(report["good_share"] for report in reports), "==", 1)
