"""SIGTERM in the middle of everything."""

import re
import time

import processes
import traffic


def drain(context, checks):
    """At three times the capacity: what was accepted is answered, the rest refused, and the exit code is 0."""
    jpeg = traffic.jpeg_of(context.folder, 80_000)
    with processes.Server(context.programs.burning_server, *processes.ONE_WORKER, "--drain-timeout=20s") as server:
        load = processes.start_load(context.programs, server, "--rate=150", jpeg, "--deadline=1s", "--warm-up=0",
                                    f"--duration={context.seconds(10)}s")
        time.sleep(context.seconds(5))
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        report = processes.finish_load(load)
        log = server.log()
    cut_off = re.search(r"calls_cut_off=(\d+) images_cut_off=(\d+)", log)
    checks.count("exit code after SIGTERM at full load", code, "==", 0)
    checks.count("accepted requests lost", sum(map(int, cut_off.groups())) if cut_off else 1, "==", 0)
    lost = [o for o in report["outcomes"]
            if o["code"] not in ("OK", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED")]
    checks.count("answers that are neither good nor a refusal", sum(o["count"] for o in lost), "==", 0,
                 detail=", ".join(f"{o['code']} {o['reason']} {o['count']}" for o in report["outcomes"]))
    checks.add("time to exit after SIGTERM", took, "s", "<=", 20)
