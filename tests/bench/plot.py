"""A picture of cost against N, drawn by hand: a few lines of SVG need no library.

One panel per door, both axes logarithmic: what a delivery costs in a call.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from html import escape

from tests.bench.servers import FLOOR, OURS
from tests.bench.table import Sample, main_figures

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 128, 34, 40
"""Of one panel; the names of the lines stand at the right."""

LINE_HEIGHT = 13

# Okabe and Ito's palette: told apart by all eyes, in print and on either background.
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#888888")

Point = tuple[int, float]


def svg(samples: Sequence[Sample]) -> str:
    """The picture, as a document of its own."""
    calls = [s for s in samples if s.question.workload == "call" and s.figures]
    doors = list(dict.fromkeys(sample.question.door for sample in calls))
    panels = [_panel(calls, door, number) for number, door in enumerate(doors)]
    width = WIDTH * max(1, len(doors))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
            f'font-family="sans-serif" font-size="11" role="img">',
            "<title>Microseconds per delivery against members, both logarithmic</title>",
            f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
            *(line for panel in panels for line in panel),
            "</svg>\n",
        ]
    )


def curves(samples: Sequence[Sample], door: str) -> dict[str, list[Point]]:
    """For each server its cost at each N, in microseconds."""
    found: dict[str, dict[int, float]] = {}
    for sample in samples:
        if sample.question.door == door:
            costs = main_figures(samples, sample.question, sample.server)
            by_size = found.setdefault(sample.server, {})
            by_size[sample.question.members] = statistics.median(costs.values())
    return {server: sorted(by_size.items()) for server, by_size in found.items()}


def _panel(samples: Sequence[Sample], door: str, number: int) -> Iterator[str]:
    drawn = curves(samples, door)
    points = [point for line in drawn.values() for point in line]
    across = _Scale([n for n, _ in points], LEFT, WIDTH - RIGHT)
    up = _Scale([cost for _, cost in points], HEIGHT - BOTTOM, TOP)
    yield f'<g transform="translate({number * WIDTH} 0)">'
    yield f'<text x="{LEFT}" y="18" font-size="13">{escape(door)}: µs per delivery</text>'
    for cost in up.ticks:
        y = up(cost)
        yield (
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{cost:g}</text>'
        )
    for n in sorted({n for n, _ in points}):
        x = across(n)
        yield f'<text x="{x:.1f}" y="{HEIGHT - 22}" text-anchor="middle">{n:,}</text>'
    yield f'<text x="{LEFT}" y="{HEIGHT - 6}">members</text>'
    others = [name for name in drawn if name not in (OURS, FLOOR)]
    taken = 0.0
    for name in sorted(drawn, key=lambda name: -drawn[name][-1][1]):
        colour, thickness = "#000", 2.5
        if name != OURS:
            thickness = 1.5
            colour = COLOURS[others.index(name) % len(COLOURS)] if name in others else "#aaa"
        path = "L".join(f"{across(n):.1f} {up(cost):.1f}" for n, cost in drawn[name])
        dash = ' stroke-dasharray="4 3"' if name == FLOOR else ""
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{thickness}"{dash}/>'
        for n, cost in drawn[name]:
            yield f'<circle cx="{across(n):.1f}" cy="{up(cost):.1f}" r="2.5" fill="{colour}"/>'
        taken = max(up(drawn[name][-1][1]), taken + LINE_HEIGHT)
        yield (
            f'<text x="{WIDTH - RIGHT + 8}" y="{taken + 4:.1f}" fill="{colour}">'
            f"{escape(name)} {drawn[name][-1][1]:.1f}</text>"
        )
    yield "</g>"


class _Scale:
    """Puts values on an axis, by their logarithms, from a power of ten or its half to another."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        steps = [base * 10.0**power for power in range(-3, 8) for base in (1, 2, 5)]
        low = max(step for step in steps if step <= min(values))
        high = min(step for step in steps if step >= max(values) and step > low)
        self.ticks = [step for step in steps if low <= step <= high]
        self._low, self._span = math.log(low), math.log(high) - math.log(low)
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        return self._start + (math.log(value) - self._low) / self._span * self._length
