"""What commands show on a screen: titled blocks of facts and tables, drawn by rich.

In a pipe or a file no line is cut or folded, and nothing is coloured unless ``FORCE_COLOR`` says so.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fitprint._console.terminal import has_colours, is_terminal
from fitprint._runs.summary_line import size_text
from fitprint.cli.texts import clean, value_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

Cell = Any
"""The content of a table's cell: a string, or rich's Text where it is styled."""

MOST_ROWS = 200
_GAP = 2
_FIRST_KEEPS, _FLEXIBLE_KEEPS, _FLEXIBLE_WANTS = 36, 12, 20
"""How many characters of a column are shown whatever the width of the page."""
_UNLIMITED_WIDTH = 100_000


def terminal_width() -> int | None:
    """Return the columns of the terminal, or None if standard output is not a terminal."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


class Columns(NamedTuple):
    """What is special about the columns of a table."""

    head: Sequence[str] = ()
    """The names of the columns; a name may have several lines."""
    right: Collection[int] = ()
    """The positions of those that are aligned to the right."""
    flexible: int = -1
    """The position of the one that is cut to fit the page."""
    optional: Sequence[int] = ()
    """The positions of those that are left out where they are empty, or where there is no room for all: the first of
    them first."""
    styles: Sequence[str] = ()
    """The styles of the first columns."""
    folds: bool = False
    """Whether the last column continues on further lines instead of being cut."""


PLAIN, FOLDED, DIM_NAMES = Columns(), Columns(folds=True), Columns(styles=("dim",), folds=True)


class Page:
    """The blocks that a command prints, one beneath the other.

    Strings that are put in may come from a user's code: control characters in them are spelled out, and rich's markup
    is not interpreted.
    """

    def __init__(self, indent: int = 2) -> None:
        self._indent = indent
        self._width = terminal_width() or _UNLIMITED_WIDTH
        self._blocks: list[RenderableType] = []

    def line(self, *parts: tuple[object, str]) -> None:
        """Add one line, made of (text, style) pairs."""
        from rich.text import Text

        self._blocks.append(Text.assemble(*((clean(text), style) for text, style in parts)))

    def title(self, text: str, remark: str = "") -> None:
        """Add the head of a block, with an empty line above it."""
        self.line()
        self.line((text, "bold"), *([(f"  {remark}", "dim")] if remark else []))

    def facts(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Add names and values, without those that have no value."""
        self.table([(name, value) for name, value in pairs if value not in (None, "")], DIM_NAMES)

    def mapping(self, title: str, values: Mapping[str, Any], remark: str = "", folds: bool = False) -> None:
        """Add a titled block of names and values; nothing if there are none.

        Args:
            title: The title.
            values: The values by name.
            remark: What is said behind the title.
            folds: Whether a value continues on further lines instead of being cut.
        """
        if values:
            self.title(title, remark)
            self.table([(name, value_text(value)) for name, value in values.items()], FOLDED if folds else PLAIN)

    def table(self, rows: Sequence[Sequence[Cell]], columns: Columns = PLAIN, most: int = MOST_ROWS) -> None:
        """Add an aligned table; nothing if there are no rows.

        Args:
            rows: The cells of each row.
            columns: What is special about the columns.
            most: Of more rows than this the first are shown.
        """
        from rich.padding import Padding
        from rich.table import Table

        if not rows:
            return
        cells = [tuple(map(_text, row)) for row in rows[:most]]
        head, last = columns.head, len(rows[0]) - 1
        table = Table(box=None, show_header=bool(head), header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
        widths = self._widths(cells, columns)
        tallest = max((head[position].count("\n") for position in widths), default=0) if head else 0
        for position, width in widths.items():
            is_folded = columns.folds and position == last
            table.add_column(
                "\n" * (tallest - head[position].count("\n")) + head[position] if head else "",
                justify="right" if position in columns.right else "left",
                style=columns.styles[position] if position < len(columns.styles) else "",
                width=width,
                no_wrap=not is_folded,
                overflow="fold" if is_folded else "ellipsis",
            )
        for row in cells:
            table.add_row(*(row[position] for position in widths))
        self._blocks.append(Padding(table, (0, 0, 0, self._indent)))
        if len(rows) > most:
            self.line((f"  and {len(rows) - most:,} more: --json has all", "dim"))

    def _widths(self, rows: Sequence[Sequence[Text]], columns: Columns) -> dict[int, int]:
        """Return the width of each column that is shown, by its position.

        Each gets what it needs, the first one at most half of the page, and the flexible one what the others leave.
        """
        from rich.cells import cell_len

        page = self._width - self._indent
        flexible = columns.flexible % len(rows[0])
        contents = {position: max(row[position].cell_len for row in rows) for position in range(len(rows[0]))}
        widths = {position: max(width, 1) for position, width in contents.items()}
        for position, name in enumerate(columns.head):
            widths[position] = max(widths[position], *map(cell_len, name.split("\n")))
        if len(widths) > 1:
            widths[0] = min(widths[0], max(_FIRST_KEEPS, page // 2))
        spare = max(0, widths[flexible] - max(_FLEXIBLE_WANTS, page // 4))
        for position in columns.optional:
            if not contents[position] or sum(widths.values()) + _GAP * (len(widths) - 1) - spare > page:
                del widths[position]
        left = page - sum(widths.values()) + widths[flexible] - _GAP * (len(widths) - 1)
        widths[flexible] = min(widths[flexible], max(left, _FLEXIBLE_KEEPS))
        return widths

    def print(self) -> None:
        """Write the page to standard output, without blanks at the ends of lines."""
        from rich.console import Console

        colour = has_colours(sys.stdout)
        console = Console(
            file=io.StringIO(),
            width=self._width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )
        with console.capture() as captured:
            console.print(*self._blocks, sep="\n")
        click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()), color=colour)


def styled(text: object, style: str | None) -> Text:
    """Return a text in a style, with control characters spelled out."""
    from rich.text import Text

    return Text(clean(text), style or "")


def size_or_missing(size: int | None) -> Cell:
    """Return the size of a file in words, or "missing" if there is no such file."""
    return styled("missing", "red") if size is None else size_text(size)


def signature_rows(signature: Mapping[str, Sequence[Mapping[str, Any]] | None]) -> list[tuple[str, str, str, str]]:
    """Return (part, name, type, default or "optional") for each column, tensor and param of a signature."""
    rows = []
    for part, specs in signature.items():
        for position, spec in enumerate(specs or ()):
            name = "(unnamed)" if spec["name"] is None else value_text(spec["name"])
            if "default" in spec:
                remark = f"default {value_text(spec['default'])}"
            else:
                remark = "" if spec["required"] else "optional"
            rows.append((part if position == 0 else "", name, value_text(spec["type"]), remark))
    return rows


def _text(cell: Cell) -> Text:
    return styled(cell, None) if isinstance(cell, str) else cell
