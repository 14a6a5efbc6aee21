#!/usr/bin/env python3
"""Saturated servers under CPU quotas, in cgroups of version 1 made for it: `quota.py build/PRESET [--seconds=30]`.

The network burns 20 ms of CPU an image, and the generator runs beside the servers, unpinned. Judged are the share of
periods that the kernel throttled, and what two servers with a quota of 100 % each reach beside each other, as a share
of what one worker reaches without a quota. Needs root, the cpu controller of version 1 and two cores.
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import time

import processes

MOST_THROTTLED = 0.01
LEAST_OF_A_CORE = 0.90
PERIOD_US = 100_000
# What else runs on the machine gets a 257th of a core that is asked for.
WEIGHT = 262_144
WARM_UP_SECONDS = 3


def controller():
    """Where version 1 has the cpu controller, or None."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup" and "cpu" in options.split(","):
            return pathlib.Path(before.split(" ")[4])
    return None


def own_cgroup(root):
    """The folder of this process's cgroup below the controller's mount."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(","):
            return root / path.lstrip("/")
    raise RuntimeError("/proc/self/cgroup does not tell of the cpu controller")


class Cgroup:
    """A cgroup with a quota in CPUs, or none. Removed at the end of its `with`, when its processes have ended."""

    def __init__(self, folder, quota=None):
        self.folder = folder
        folder.mkdir()
        (folder / "cpu.shares").write_text(str(WEIGHT))
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(round(quota * PERIOD_US) if quota else -1))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        # A process leaves its cgroup some time after it has been waited for.
        for _ in range(100):
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.folder} is not empty")

    @contextlib.contextmanager
    def entered(self):
        """Processes that are started meanwhile belong to it."""
        before = own_cgroup(controller())
        (self.folder / "cgroup.procs").write_text("0")
        try:
            yield
        finally:
            (before / "cgroup.procs").write_text("0")

    def periods(self):
        """Periods so far, and how many of them were throttled."""
        statistics = dict(line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
        return int(statistics["nr_periods"]), int(statistics["nr_throttled"])


def saturate(programs, parent, quotas, seconds):
    """Servers with these quotas beside each other, each with its generator; what became of each."""
    with contextlib.ExitStack() as stack:
        generators = stack.enter_context(Cgroup(parent / "generators"))
        cgroups = [stack.enter_context(Cgroup(parent / f"server{i}", quota)) for i, quota in enumerate(quotas)]
        servers = []
        for cgroup, quota in zip(cgroups, quotas):
            flags = [] if quota else ["--cpus=1"]
            with cgroup.entered():
                server = processes.Server(programs.burning_server, *flags, "--pin=off", cpu=None)
            servers.append(stack.enter_context(server))
        with generators.entered():
            loads = [processes.start_load(programs, server, "--tensor", "--input-size=128", "--concurrency=8",
                                          f"--warm-up={WARM_UP_SECONDS}s", f"--duration={seconds}s", cpu=None)
                     for server in servers]
        time.sleep(WARM_UP_SECONDS)
        before = [cgroup.periods() for cgroup in cgroups]
        time.sleep(seconds)
        after = [cgroup.periods() for cgroup in cgroups]
        results = []
        for quota, load, (periods0, throttled0), (periods1, throttled1) in zip(quotas, loads, before, after):
            report = processes.finish_load(load)
            results.append({
                "quota": quota,
                "images_per_s": report["goodput_per_s"],
                "good_share": report["good_share"],
                "periods": periods1 - periods0,
                "throttled": throttled1 - throttled0,
            })
        return results


def measure(programs, seconds):
    root = controller()
    with Cgroup(own_cgroup(root) / f"edgenext-quota-{os.getpid()}") as parent:
        (alone,) = saturate(programs, parent.folder, [None], seconds)
        quotas = {f"{quota:.0%}": saturate(programs, parent.folder, [quota], seconds) for quota in (1.0, 1.5)}
        quotas["100% beside 100%"] = saturate(programs, parent.folder, [1.0, 1.0], seconds)
    return {"seconds": seconds, "load_average": os.getloadavg(), "core": alone, "quotas": quotas}


def faults(result):
    """What is not as it must be, as lines."""
    found = []
    for name, servers in result["quotas"].items():
        for server in servers:
            if server["periods"] < 5 * result["seconds"]:
                found.append(f"{name}: only {server['periods']} periods, the server was not saturated")
            if server["throttled"] >= MOST_THROTTLED * server["periods"]:
                found.append(f"{name}: {server['throttled']} of {server['periods']} periods were throttled, "
                             f"expected less than {MOST_THROTTLED:.0%}")
            share = server["images_per_s"] / (int(server["quota"]) * result["core"]["images_per_s"])
            if share < LEAST_OF_A_CORE:
                found.append(f"{name}: {share:.1%} of what one core does, expected {LEAST_OF_A_CORE:.0%}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="where the programs were built, as build/release")
    parser.add_argument("--seconds", type=int, default=30, help="of each measurement")
    arguments = parser.parse_args()
    if controller() is None or os.geteuid() != 0 or len(os.sched_getaffinity(0)) < 2:
        sys.exit("needs root, the cpu controller of cgroup version 1, and two cores")
    result = measure(processes.Programs(arguments.build.resolve()), arguments.seconds)
    print(json.dumps(result, indent=1))
    found = faults(result)
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
