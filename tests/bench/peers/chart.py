"""Bars of every engine beside ours, by variant, as an SVG that needs nothing else. Standard library only."""
from xml.sax.saxutils import escape

ROW, BAR, GAP = 16, 13, 12  # heights: of a bar's row, of the bar, between variants
LEFT, RIGHT, BETWEEN = 138, 20, 34
PANEL, LABEL = 340, 118  # widths: of a panel, and of the label to the right of its longest bar
TOP = 92

COLOURS = ["#0b6fb8", "#d98200", "#14916a", "#b4599b"]  # in the order of engines; told apart by colour-blind eyes too
STYLE = """
  text { font: 12px -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
  .card { fill: #ffffff; stroke: #d0d7de }
  .title { font-size: 15px; font-weight: 600 }
  .ours { font-weight: 600 }
  .note { font-size: 11px; fill: #59636e }
  .axis { stroke: #8c959f; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .card { fill: #0d1117; stroke: #3d444d }
    .note { fill: #9198a1 }
  }
"""


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'


def label(milliseconds: float, ours: float, share) -> str:
    if share is not None:
        return f"{milliseconds:.1f} ms, {100 * share:.0f} % of peak"
    return f"{milliseconds / ours:.2f}× · {milliseconds:.1f} ms"


def panel(x: float, title: str, rows: dict, longest: float, tops: dict, bottom: float, colours: dict) -> list:
    """`rows`: {variant: [(engine, ms, share or None)]}, ours first; a bar of ratio `longest` is as long as can be."""
    scale = (PANEL - LABEL) / longest
    parts = [text(x, TOP - 14, title, "ours")]
    for variant, bars in rows.items():
        ours = bars[0][1]
        for i, (engine, milliseconds, share) in enumerate(bars):
            y = tops[variant] + i * ROW
            width = milliseconds / ours * scale
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2" '
                         f'fill="{colours[engine]}"/>')
            parts.append(text(x + width + 6, y + BAR - 2.5, label(milliseconds, ours, share), "ours" * (i == 0)))
    parts.append(f'<line x1="{x + scale:.1f}" x2="{x + scale:.1f}" y1="{TOP - 6}" y2="{bottom:.1f}" class="axis"/>')
    return parts


def svg(panels: dict, conditions: str) -> str:
    """`panels`: {precision: {variant: [(engine, ms, share of the peak or None)]}}, our engine first in every list."""
    variants, engines, most = [], [], {}
    for rows in panels.values():
        for variant, bars in rows.items():
            if variant not in variants:
                variants.append(variant)
            most[variant] = max(most.get(variant, 0), len(bars))
            engines += [engine for engine, _, _ in bars if engine not in engines]
    colours = dict(zip(engines, COLOURS))
    longest = max(ms / bars[0][1] for rows in panels.values() for bars in rows.values() for _, ms, _ in bars)

    tops, y = {}, TOP
    for variant in variants:
        tops[variant] = y
        y += most[variant] * ROW + GAP
    width = LEFT + len(panels) * PANEL + (len(panels) - 1) * BETWEEN + RIGHT
    height = y + 26

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" role="img">',
             "<title>Time of an image in each engine, beside edgenext</title>", f"<style>{STYLE}</style>",
             f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" class="card"/>',
             text(20, 28, "Time of one image on one core, beside edgenext (shorter is faster)", "title")]
    x = 20.0
    for engine in engines:
        parts.append(f'<rect x="{x:.1f}" y="42" width="11" height="11" rx="2" fill="{colours[engine]}"/>')
        parts.append(text(x + 17, 52, engine))
        x += 46 + 7 * len(engine)
    for variant in variants:
        parts.append(text(LEFT - 12, tops[variant] + BAR - 2.5, variant, "ours", "end"))
    for i, (precision, rows) in enumerate(panels.items()):
        parts += panel(LEFT + i * (PANEL + BETWEEN), precision, rows, longest, tops, y - GAP, colours)
    parts += [text(20, height - 14, conditions, "note"), "</svg>"]
    return "\n".join(parts) + "\n"
