"""A row of the table, and the two forms in which rows are shown."""

import dataclasses
import json


@dataclasses.dataclass
class Row:
    """A figure, its reference from the same run, and what it has to reach."""

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    goal: str | None = None

    @property
    def passes(self):
        """Whether the goal is reached; None where there is none. A goal reads `ratio >= 0.85` or `value < 25`."""
        if self.goal is None:
            return None
        what, comparison, limit = self.goal.split()
        figure = self.ratio if what == "ratio" else self.value
        reached = {">=": figure >= float(limit), "<=": figure <= float(limit), "<": figure < float(limit)}
        return reached[comparison]

    def as_json(self):
        rounded = {key: round(value, 3) if isinstance(value, float) else value
                   for key, value in dataclasses.asdict(self).items()}
        return rounded | {"pass": self.passes}


def write_json(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False) + "\n")


def table(rows):
    """The rows as text, ratios first."""
    lines = [("", "ratio", "value", "reference", "unit", "goal", "")]
    for row in rows:
        verdict = {True: "ok", False: "MISSED", None: ""}[row.passes]
        lines.append((row.name, _number(row.ratio), _number(row.value), _number(row.reference), row.unit,
                      row.goal or "", verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(line, widths):
    cells = [cell.rjust(width) if 0 < column < 4 else cell.ljust(width)
             for column, (cell, width) in enumerate(zip(line, widths))]
    return "  ".join(cells).rstrip()


def _number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
