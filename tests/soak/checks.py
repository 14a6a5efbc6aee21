"""What a scenario found: figures beside their bars, kept as they come."""

import dataclasses
import math
import operator

import processes

MARKS = {"met": "ok  ", "": "    ", "missed": "MISS", "void": "void"}
HOLDS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, "==": operator.eq}


@dataclasses.dataclass(frozen=True)
class Check:
    scenario: str
    what: str
    figure: float
    unit: str
    relation: str  # of HOLDS; "" is a figure without a bar
    bar: float
    # Counts and invariants hold on any machine, however busy; times and rates only on an idle one.
    is_count: bool
    # It says nothing: a run of the load generator that it may rest on was void, or it is not known. Never of a count.
    void: bool
    detail: str

    @property
    def state(self):
        """void, met or missed; "" is a figure without a bar."""
        if self.void:
            return "void"
        if not self.relation:
            return ""
        return "met" if HOLDS[self.relation](self.figure, self.bar) else "missed"


class Checks:
    """Filled by one scenario after the other. A void run voids all later figures of its scenario, as it may have
    been the one that they are compared with."""

    def __init__(self):
        self.all = []
        self.not_run = {}  # scenario: why
        self.scenario = ""

    def begin(self, scenario):
        self.scenario = scenario
        processes.void_runs.clear()

    def skip(self, why):
        """The scenario cannot be run on this machine."""
        self.not_run[self.scenario] = why
        print(f"not run: {self.scenario}: {why}", flush=True)

    def add(self, what, figure, unit="", relation="", bar=0.0, is_count=False, detail=""):
        void = not is_count and (bool(processes.void_runs) or math.isnan(figure))
        if processes.void_runs and void:
            detail = "; ".join(filter(None, [detail, "void: " + processes.void_runs[0]]))
        check = Check(self.scenario, what, float(figure), unit, relation, float(bar), is_count, void, detail)
        self.all.append(check)
        print(f"{MARKS[check.state]} {line(check)}", flush=True)

    def with_state(self, state):
        return [check for check in self.all if check.state == state]

    def count(self, what, figure, relation, bar, detail=""):
        self.add(what, figure, "", relation, bar, is_count=True, detail=detail)


def number(value):
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def line(check):
    bar = f" (bar {check.relation} {number(check.bar)})" if check.relation else ""
    detail = f" [{check.detail}]" if check.detail else ""
    return f"{check.scenario}: {check.what}: {number(check.figure)} {check.unit}{bar}{detail}".replace("  ", " ")
