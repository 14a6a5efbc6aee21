"""What a comparison's results (results.json) say, as Markdown and as a chart. Standard library only."""
import pathlib
import re

import cases
import chart

NONE = "–"
# In standard deviations of an image's logits. edgenext-verify holds ours to less.
TOLERANCE = {"f32": 1e-4, "bf16": 3e-2}


class Figures:
    """The records of one part, by variant and case."""

    def __init__(self, results: dict, part: str):
        self.by_variant: dict = {}
        fields = cases.Case.__dataclass_fields__
        for record in results["records"]:
            if record["part"] == part:
                case = cases.Case(**{field: record[field] for field in fields})
                self.by_variant.setdefault(record["variant"], {})[case] = record

    def variants(self, precision: str) -> list:
        return [v for v, records in self.by_variant.items()
                if any(c.engine == cases.OURS and c.precision == precision for c in records)]

    def get(self, variant: str, case: cases.Case):
        return self.by_variant.get(variant, {}).get(case)

    def engines(self, precision: str, threads: int = 1) -> list:
        present = {c.engine for records in self.by_variant.values() for c in records
                   if c.precision == precision and c.threads == threads}
        return [engine for engine in cases.TITLES if engine in present]

    def fastest_peer(self, variant: str, precision: str, threads: int = 1):
        peers = [r for c, r in self.by_variant[variant].items()
                 if c.engine != cases.OURS and c.precision == precision and c.threads == threads]
        return min(peers, key=lambda r: r["least_ms"], default=None)


def ms(record) -> str:
    return NONE if record is None else f"{record['least_ms']:.2f} ({record['median_ms']:.2f})"


def percent(value) -> str:
    return f"{100 * value:.0f} %"


def ratio(record, ours) -> str:
    """How many times as long the record takes as ours: by the least, and by the medians."""
    if record is None:
        return NONE
    return f"{record['least_ms'] / ours['least_ms']:.2f} ({record['median_ms'] / ours['median_ms']:.2f})"


def table(header: list, rows: list) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def one_thread(results: dict, precision: str) -> str:
    figures = Figures(results, "one thread")
    peers = figures.engines(precision)[1:]
    rows = []
    for variant in figures.variants(precision):
        ours = figures.get(variant, cases.Case(cases.OURS, precision))
        rows.append([variant, ms(ours), percent(ours["share"]),
                     *(ms(figures.get(variant, cases.Case(peer, precision))) for peer in peers),
                     ratio(figures.fastest_peer(variant, precision), ours)])
    return table([precision, "edgenext", "of the peak", *(cases.TITLES[peer] for peer in peers),
                  "fastest peer / edgenext"], rows)


def two_threads(results: dict) -> str:
    figures = Figures(results, "two threads")
    peers = [p for p in cases.PEERS_ON_TWO if p in figures.engines("f32", 2)]
    rows = []
    for precision in ("f32", "bf16"):
        for variant in figures.variants(precision):
            one, two = (figures.get(variant, cases.Case(cases.OURS, precision, threads)) for threads in (1, 2))
            rows.append([f"{variant}, {precision}", ms(one), ms(two), ratio(one, two),
                         *(ms(figures.get(variant, cases.Case(peer, precision, 2))) for peer in peers),
                         ratio(figures.fastest_peer(variant, precision, 2), two)])
    return table(["two threads on one image", "edgenext on one", "on two", "one / two",
                  *(cases.TITLES[peer] for peer in peers), "fastest peer / edgenext"], rows)


def alone(results: dict) -> str:
    figures = Figures(results, "alone")
    rows = []
    for variant in figures.variants("f32"):
        plain, batch, busy, avx2 = (figures.get(variant, case) for case in cases.alone(results["cores"]))
        busy = busy or plain  # with one core they are the same case
        rows.append([variant, ms(plain), f"{batch['least_ms'] / plain['least_ms']:.3f}",
                     percent(plain["median_ms"] / busy["median_ms"]), ms(avx2), percent(avx2["share"])])
    return table(["edgenext, f32", "one image, one core", "an image of a batch of 8, in its time",
                  f"rate of each core with all {results['cores']} busy", "AVX2", "of the AVX2 peak"], rows)


def engines_and_processor(results: dict) -> str:
    versions = ", ".join(f"{cases.TITLES[engine]} {results['versions'][engine]}" for engine in cases.TITLES
                         if engine in results["versions"])
    return f"{results['processor']}; {versions}"


def conditions(results: dict) -> str:
    return (f"{engines_and_processor(results)}. 256 x 256, batch 1, one pinned core, the same synthetic weights; ms an "
            f"image, least (median) over {results['rounds']} rounds of {results['seconds']:g} s in which the engines take "
            f"turns. Load average before: {results['load']}.\n")


def agreement(results: dict) -> str:
    worst: dict = {}
    for record in results["records"]:
        key = (record["precision"], record["engine"])
        worst[key] = max(worst.get(key, 0), record["difference"])
    lines = []
    for precision in ("f32", "bf16"):
        parts = [f"{cases.TITLES[engine]} {worst[precision, engine]:.1e}" for engine in cases.TITLES
                 if (precision, engine) in worst]
        if parts:
            lines.append(f"{precision}: {', '.join(parts)}")
    return ("Largest difference of a logit to float64 results, in standard deviations of an image's logits: "
            + "; ".join(lines) + ".\n")


def disagreements(results: dict) -> list:
    """A line for every engine that does not compute what was recorded: its times tell nothing."""
    return [f"{r['engine']} in {r['precision']} does not compute {r['variant']}: its logits differ by "
            f"{r['difference']:.1e} of their deviation, expected at most {TOLERANCE[r['precision']]:.0e}"
            for r in results["records"] if not r["difference"] <= TOLERANCE[r["precision"]]]


def shortfalls(results: dict, floors: dict) -> list:
    """A line for every {precision: {variant: ratio}} of `floors` that was run on one thread and is not reached: how many
    times as long as ours the fastest peer takes at least."""
    figures = Figures(results, "one thread")
    lines = []
    for precision, by_variant in floors.items():
        for variant in figures.variants(precision):
            ours = figures.get(variant, cases.Case(cases.OURS, precision))
            peer = figures.fastest_peer(variant, precision)
            if variant not in by_variant or peer is None:
                continue
            reached = peer["least_ms"] / ours["least_ms"]
            if not reached >= by_variant[variant]:
                lines.append(f"{variant} in {precision}: {cases.TITLES[peer['engine']]} takes {reached:.3f} times as long "
                             f"as edgenext, expected at least {by_variant[variant]}")
    return lines


def full(results: dict) -> str:
    parts = [conditions(results)]
    present = {record["part"] for record in results["records"]}
    precisions = {record["precision"] for record in results["records"]}
    parts += [one_thread(results, precision) for precision in ("f32", "bf16") if precision in precisions]
    if "two threads" in present:
        parts.append(two_threads(results))
    if "alone" in present:
        parts.append(alone(results))
    return "\n".join([*parts, agreement(results)])


def short(results: dict) -> str:
    """For the first page: how many times as fast as the fastest peer, and the milliseconds."""
    figures = Figures(results, "one thread")
    rows = []
    for variant in figures.variants("f32"):
        row = [variant]
        for precision in ("f32", "bf16"):
            ours = figures.get(variant, cases.Case(cases.OURS, precision))
            peer = figures.fastest_peer(variant, precision) if ours else None
            row.append(f"{ours['least_ms']:.1f} ms" if ours else NONE)
            row.append(f"{peer['least_ms']:.1f} ms ({cases.TITLES[peer['engine']]})" if peer else NONE)
            row.append(f"{peer['least_ms'] / ours['least_ms']:.2f}×" if peer else NONE)
        rows.append(row)
    return f"Least time of one 256 x 256 image on one core of {engines_and_processor(results)}.\n\n" + table(
        ["", "f32", "fastest peer", "faster", "bf16", "fastest peer", "faster"], rows)


def write(results: dict, folder: pathlib.Path):
    (folder / "table.md").write_text(full(results))
    (folder / "chart.svg").write_text(chart.svg(bars(results), engines_and_processor(results)))


def bars(results: dict) -> dict:
    """What the chart shows: {precision: {variant: [(engine's title, ms, share of the peak or None)]}}."""
    figures = Figures(results, "one thread")
    panels: dict = {}
    for precision in ("f32", "bf16"):
        for variant in figures.variants(precision):
            records = (figures.get(variant, cases.Case(engine, precision)) for engine in figures.engines(precision))
            panels.setdefault(precision, {})[variant] = [
                (cases.TITLES[r["engine"]], r["least_ms"], r.get("share")) for r in records if r is not None]
    return panels


def replace_between_marks(text: str, new: str) -> str:
    """What stands between <!-- peers --> and <!-- /peers -->, each on a line of its own."""
    replaced, count = re.subn(r"(?s)(<!-- peers[^\n]*-->\n).*?(<!-- /peers -->\n)",
                              lambda match: match[1] + new + match[2], text)
    if count != 1:
        raise ValueError(f"the text has {count} places for the comparison, expected 1")
    return replaced


def publish(results: dict, root: pathlib.Path):
    for name, text in (("README.md", short(results)), ("model/README.md", full(results))):
        page = root / name
        page.write_text(replace_between_marks(page.read_text(), text))
