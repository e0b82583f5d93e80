"""The results as text: one block per workload, door and N, the floor first.

A figure is the median over the rounds, with the least and the most. A ratio is made within each
round before the median is taken, so that what changes from round to round changes neither.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from tests.bench.servers import FLOOR
from tests.bench.workloads import WORKLOADS, Figures


@dataclass(frozen=True)
class Question:
    """What was asked: one block of the table."""

    workload: str
    door: str
    members: int


@dataclass(frozen=True)
class Sample:
    """One server's answer in one round; without figures, why it has none."""

    question: Question
    server: str
    round: int
    figures: Figures
    failure: str = ""

    def as_json(self) -> dict[str, object]:
        """For a file."""
        return {**asdict(self), **asdict(self.question)}


@dataclass(frozen=True)
class Spread:
    """A median with the least and the most."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.least)}–{_short(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def main_figures(samples: Sequence[Sample], question: Question, server: str) -> dict[int, float]:
    """A server's main figure, by round."""
    name = WORKLOADS[question.workload].figure
    return {
        sample.round: sample.figures[name]
        for sample in samples
        if sample.question == question and sample.server == server and sample.figures
    }


def ratio(samples: Sequence[Sample], question: Question, server: str) -> Spread | None:
    """A server's main figure as a multiple of the floor's in the same round."""
    floor = main_figures(samples, question, FLOOR)
    own = main_figures(samples, question, server)
    ratios = [own[round] / floor[round] for round in own if floor.get(round)]
    return spread(ratios) if ratios else None


def lines(samples: Sequence[Sample]) -> Iterator[str]:
    """The table."""
    for question in dict.fromkeys(sample.question for sample in samples):
        workload = WORKLOADS[question.workload]
        better = "more" if workload.more_is_better else "less"
        yield ""
        yield f"{question.workload}, {question.door}, N = {question.members} ({better} is better)"
        yield from _aligned(_rows(samples, question))
    yield from _growth(samples)


def _rows(samples: Sequence[Sample], question: Question) -> Iterator[list[str]]:
    here = [sample for sample in samples if sample.question == question]
    names = list(dict.fromkeys(key for sample in here for key in sample.figures))
    yield ["", *names[:1], "x floor", *names[1:], ""]
    for server in dict.fromkeys(sample.server for sample in here):
        own = [sample for sample in here if sample.server == server]
        failures = "; ".join(dict.fromkeys(sample.failure for sample in own if sample.failure))
        good = [sample.figures for sample in own if sample.figures]
        if not good:
            yield [server, "-", "-", *("" for _ in names[1:]), failures]
            continue
        first, *others = [spread([figures[name] for figures in good]) for name in names]
        times = str(ratio(samples, question, server) or "-")
        yield [server, str(first), times, *(_short(each.median) for each in others), failures]


def _growth(samples: Sequence[Sample]) -> Iterator[str]:
    """What it costs among many, as a multiple of what it costs among few."""
    grown = [s.question for s in samples if s.question.workload in ("call", "storm")]
    for what, door in dict.fromkeys((q.workload, q.door) for q in grown):
        sizes = sorted({q.members for q in grown if (q.workload, q.door) == (what, door)})
        if len(sizes) < 2:
            continue
        yield ""
        unit = WORKLOADS[what].figure
        yield f"growth of {what}, {door}: {unit} as a multiple of that at N = {sizes[0]}"
        rows = [["", *(f"N = {size}" for size in sizes)]]
        for server in dict.fromkeys(s.server for s in samples if s.question.door == door):
            figures = [main_figures(samples, Question(what, door, n), server) for n in sizes]
            medians = [statistics.median(each.values()) if each else None for each in figures]
            if base := medians[0]:
                multiples = ["-" if each is None else _short(each / base) for each in medians]
                rows.append([server, *multiples])
        yield from _aligned(rows)


def _aligned(rows: Iterator[list[str]] | list[list[str]]) -> Iterator[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _short(value: float) -> str:
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f}M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:.0f}k"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
