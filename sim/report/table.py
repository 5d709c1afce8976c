"""Tables of figures: a unit for each column, a source for each row."""

from dataclasses import dataclass

Value = float | int | str | None


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        Heading.
    unit : str
        Of its numbers; empty where it has none, which is for text alone. Ratios have the unit ``x``.
    """

    name: str
    unit: str = ""


@dataclass(frozen=True)
class Row:
    """Values in the order of the columns, and where they come from."""

    values: tuple[Value, ...]
    source: str


@dataclass(frozen=True)
class Table:
    """A titled table.

    Parameters
    ----------
    key : str
        Its name in files: lower case, hyphens.
    title : str
        For people.
    columns : tuple of Column
        At least one.
    rows : tuple of Row
        Each with a value for every column; a number only where the column has a unit.
    notes : tuple of str
        What else must be said.

    Raises
    ------
    ValueError
        If a row does not fit, a number has no unit, or a row has no source.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.values) != len(self.columns):
                raise ValueError(f"{self.key}: {len(row.values)} values for {len(self.columns)} columns")
            if not row.source:
                raise ValueError(f"{self.key}: {row.values[0]!r} has no source")
            for column, value in zip(self.columns, row.values, strict=True):
                if isinstance(value, int | float) and not column.unit:
                    raise ValueError(f"{self.key}: {column.name} has numbers and no unit")


def shown(value: Value) -> str:
    """A value as tables print it: three or four significant digits, whole thousands."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100 or (isinstance(value, int) and size >= 1):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:,.1f}"
    if size >= 0.01:
        return f"{value:.3g}"
    return f"{value:.2e}"


def markdown(table: Table) -> str:
    """A table of Markdown with its notes; sources that all rows share stand below it, others in a column."""
    sources = list(dict.fromkeys(row.source for row in table.rows))
    numbers = {source: str(index + 1) for index, source in enumerate(sources)}
    several = len(sources) > 1
    names = [f"{one.name}, {one.unit}" if one.unit else one.name for one in table.columns]
    lines = [_line([*names, *(["source"] if several else [])])]
    lines.append(_line(["---", *("---:" if one.unit else "---" for one in table.columns[1:]), *(["---"] * several)]))
    for row in table.rows:
        cells = [shown(value) for value in row.values]
        lines.append(_line([*cells, *([f"[{numbers[row.source]}]"] if several else [])]))
    lines.append("")
    if several:
        lines += [f"- [{numbers[source]}] {source}" for source in sources]
    elif sources:
        lines.append(f"Source: {sources[0]}.")
    lines += [f"- {note}" for note in table.notes] if several else ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
