"""The built programs as processes pinned to cores: a server, the load generator, the benchmark of the bare executor."""

import collections
import dataclasses
import json
import math
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "model/default"
PATIENCE_SECONDS = 60

# Why runs of the load generator were void, since the scenario began: it was late itself.
void_runs = []

# The generator has the first core, the server the last: what one takes, the other does not miss.
GENERATOR_CPU = min(os.sched_getaffinity(0))
SERVER_CPU = max(os.sched_getaffinity(0))
# Of a server that has that core for itself.
ONE_WORKER = ("--cpus=1", "--pin=off")


@dataclasses.dataclass(frozen=True)
class Programs:
    """Where the programs are: `build/PRESET`."""

    build: pathlib.Path

    def __getattr__(self, name):
        for spelling in (name, name.replace("_", "-")):
            path = self.build / "bin" / spelling
            if path.exists():
                return path
        raise FileNotFoundError(f"no program {name} in {self.build}: build it with ./dev build or ./dev test")


def pinned(cpu):
    """For subprocess's preexec_fn: the child runs on that CPU only."""
    return lambda: os.sched_setaffinity(0, {cpu})


class Server:
    """A running edgenext-server, or a program with its command line, pinned to one CPU. Ends with its `with`."""

    def __init__(self, program, *flags, model=MODEL, cpu=SERVER_CPU, port=0, environment=None):
        self.log_file = tempfile.NamedTemporaryFile()
        command = [program, f"--model={model}", f"--grpc-port={port}", "--http-port=0", "--log-format=text", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log_file, text=True,
                                        preexec_fn=pinned(cpu) if cpu is not None else None,
                                        env={**os.environ, **(environment or {})})
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        match = re.fullmatch(r"ready grpc=(\S+) http=(\S+) model=(\S+)\n", line)
        if match is None:
            self.kill()
            raise RuntimeError(f"{program} did not become ready; its log:\n{self.log()}")
        self.grpc, self.http, self.model = match.groups()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.kill()
        self.log_file.close()

    def log(self):
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def scrape(self):
        """The text of /metrics."""
        with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode()

    def metrics(self):
        """{"name{label=…}": value} of one scrape."""
        samples = (line.rsplit(" ", 1) for line in self.scrape().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def start_load(programs, server, *flags, cpu=GENERATOR_CPU):
    """`edgenext load` against the server, as a process; finish_load has its report."""
    command = [programs.edgenext, f"--server={server.grpc}", "load", "--json", f"--metrics={server.http}",
               *map(str, flags)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=pinned(cpu) if cpu is not None else None)


def finish_load(process):
    out, errors = process.communicate()
    if not out:
        raise RuntimeError(f"{' '.join(map(str, process.args))} ended with {process.returncode}: {errors}")
    report = json.loads(out)
    void_runs.extend(report["void_reasons"])
    if "error" in report["server"]:
        # It has stopped, or was too busy for a scrape. Figures that rest on it are void, and counts hold all the same.
        report["server"] = collections.defaultdict(lambda: math.nan)
    return report


def run_load(programs, server, *flags, cpu=GENERATOR_CPU):
    return finish_load(start_load(programs, server, *flags, cpu=cpu))


def capacity(context, server, *what, full_seconds):
    """The report of a closed loop that keeps the worker busy; its goodput is what the server can do."""
    return run_load(context.programs, server, "--concurrency=8", *what, "--deadline=10s",
                    f"--duration={context.seconds(full_seconds)}s")


def bench(programs, *flags, cpu=SERVER_CPU):
    """edgenext-bench's figures."""
    done = subprocess.run([programs.edgenext_bench, "--json", *map(str, flags)], check=True, capture_output=True,
                          text=True, preexec_fn=pinned(cpu))
    return json.loads(done.stdout)


def until(condition, seconds=PATIENCE_SECONDS, period=0.05):
    """Whether the condition came to hold in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(period)
    return False
