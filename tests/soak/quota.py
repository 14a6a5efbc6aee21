"""Saturated servers under CPU quotas, in cgroups of version 1 made for it.

The network burns 20 ms of CPU an image, and the generators run beside the servers, unpinned. Judged are the share of
periods that the kernel throttled, and what servers reach, alone and two beside each other, as a share of what whole
CPUs do without a quota.
"""

import contextlib
import os
import pathlib
import time

import processes

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


def quota(context, checks):
    """Servers with a quota of 100 % and 150 %, and two beside each other, against a worker without a quota."""
    root = controller()
    if root is None or os.geteuid() != 0:
        return checks.skip("needs root and the cpu controller of cgroup version 1")
    seconds = context.seconds(30)
    with Cgroup(own_cgroup(root) / f"edgenext-quota-{os.getpid()}") as parent:
        (core,) = saturate(context.programs, parent.folder, [None], seconds)
        for quotas in ([1.0], [1.5], [1.0, 1.0], [1.5, 1.5]):
            for i, server in enumerate(saturate(context.programs, parent.folder, quotas, seconds)):
                what = f"quota of {quotas[i]:.0%}" + (f", server {i + 1} of 2" if len(quotas) == 2 else "")
                # A period counts only while the server has something to do.
                in_use = server["periods"] * PERIOD_US / 1e6 / seconds
                checks.add(f"periods in use, {what}", in_use, "of the time", ">=", 0.5)
                checks.add(f"throttled periods, {what}", 100 * server["throttled"] / max(1, server["periods"]), "%",
                           "<", 1, detail=f"{server['throttled']} of {server['periods']}")
                share = server["images_per_s"] / (int(quotas[i]) * core["images_per_s"])
                checks.add(f"images a second, {what}", 100 * share, "% of its whole cores", ">=", 90,
                           detail=f"{server['images_per_s']:.1f}, one core {core['images_per_s']:.1f} a second")
