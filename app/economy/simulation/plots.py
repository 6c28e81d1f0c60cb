"""Line plots as SVG that can be read on light and on dark ground, without any library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 72, 118, 44, 52
COLOURS = ("#2f7fd6", "#d9822b", "#2a9d63", "#b0529f", "#c94c4c")
STYLE = """
text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}
.grid{stroke:#8c959f;stroke-opacity:.35}.bound{stroke:#57606a;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.bound{stroke:#b1bac4}}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A named line: for each week the least, the mean and the most of several runs."""

    name: str
    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over the weeks from `first` on. `bounds` are values to be drawn across, such as those of a target."""

    title: str
    unit: str
    lines: Sequence[Line]
    first: int = 1
    bounds: Sequence[float] = ()


def svg(plot: Plot) -> str:
    """The plot as a document."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="title"><style>{STYLE}</style>\n' + "\n".join(_Drawing(plot).parts()) + "\n</svg>\n"
    )


class _Drawing:
    """One plot with its scales."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._weeks = max(len(line.points) for line in plot.lines)
        highest = max((*plot.bounds, *(most for line in plot.lines for _, _, most in line.points)))
        self._step = _round_step(highest / 5)
        self._top = self._step * -int(-highest // self._step)

    def parts(self) -> Iterator[str]:
        plot = self._plot
        yield f'<text id="title" class="title" x="{LEFT}" y="22">{escape(plot.title)}</text>'
        yield from self._axes()
        for bound in plot.bounds:
            y = self._y(bound)
            yield f'<line class="bound" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        ends = _apart([self._y(line.points[-1][1]) for line in plot.lines], 16)
        for line, colour, end in zip(plot.lines, COLOURS, ends, strict=False):
            yield from self._line(line, colour)
            yield f'<text x="{WIDTH - RIGHT + 8}" y="{end + 4:.1f}" style="fill:{colour}">{escape(line.name)}</text>'

    def _axes(self) -> Iterator[str]:
        value = 0.0
        while value <= self._top + self._step / 2:
            y = self._y(value)
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>'
            value += self._step
        for week in range(self._weeks):
            label = week + self._plot.first
            yield f'<text x="{self._x(week):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label}</text>'
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">week</text>'
        yield (
            f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
            f"{escape(self._plot.unit)}</text>"
        )

    def _line(self, line: Line, colour: str) -> Iterator[str]:
        lower = [(self._x(at), self._y(least)) for at, (least, _, _) in enumerate(line.points)]
        upper = [(self._x(at), self._y(most)) for at, (_, _, most) in enumerate(line.points)]
        means = [(self._x(at), self._y(mean)) for at, (_, mean, _) in enumerate(line.points)]
        yield f'<polygon points="{_path([*lower, *reversed(upper)])}" fill="{colour}" fill-opacity=".2"/>'
        yield f'<polyline points="{_path(means)}" fill="none" stroke="{colour}" stroke-width="2"/>'

    def _x(self, week: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * week / max(1, self._weeks - 1)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(0.0, value) / self._top


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """The heights of labels, moved apart where they would lie on one another, none below the axis."""
    placed = list(heights)
    downwards = sorted(range(len(heights)), key=lambda at: heights[at])
    for above, at in pairwise(downwards):
        placed[at] = max(placed[at], placed[above] + gap)
    lowest = float(HEIGHT - BOTTOM)
    for at in reversed(downwards):
        placed[at] = min(placed[at], lowest)
        lowest = placed[at] - gap
    return placed


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... that is not below."""
    power = 1.0
    while power * 10 <= least:
        power *= 10
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)


def _number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value / 1000:g} k" if value >= 10_000 else f"{value:g}"
