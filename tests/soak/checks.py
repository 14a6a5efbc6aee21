"""What a scenario found: figures beside their bars, kept as they come."""

import dataclasses
import operator

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
    detail: str

    @property
    def met(self):
        return not self.relation or HOLDS[self.relation](self.figure, self.bar)


class Checks:
    """Filled by one scenario after the other."""

    def __init__(self):
        self.all = []
        self.scenario = ""

    def add(self, what, figure, unit="", relation="", bar=0.0, is_count=False, detail=""):
        check = Check(self.scenario, what, float(figure), unit, relation, float(bar), is_count, detail)
        self.all.append(check)
        print(f"{'ok  ' if check.met else 'MISS'} {line(check)}", flush=True)

    def count(self, what, figure, relation, bar, detail=""):
        self.add(what, figure, "", relation, bar, is_count=True, detail=detail)


def number(value):
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def line(check):
    bar = f" (bar {check.relation} {number(check.bar)})" if check.relation else ""
    detail = f" [{check.detail}]" if check.detail else ""
    return f"{check.scenario}: {check.what}: {number(check.figure)} {check.unit}{bar}{detail}".replace("  ", " ")
