"""What commands show on a screen: titled blocks of facts and tables, drawn by rich.

In a pipe or a file no line is cut or folded, and nothing is coloured unless ``FORCE_COLOR`` says so.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fitprint._console.terminal import has_colours
from fitprint._runs.summary_line import size_text
from fitprint.cli.texts import clean, value_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

Cell = Any
"""The content of a table's cell: a string, or rich's Text where it is styled."""

MOST_ROWS = 200
_GAP = 2
_FIRST_KEEPS, _FLEXIBLE_KEEPS, _FLEXIBLE_WANTS = 36, 12, 22
"""How many characters of a column are shown whatever the width of the page."""
_UNLIMITED_WIDTH = 100_000


def terminal_width() -> int | None:
    """Return the columns of the terminal, or None if standard output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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
        self.table([(name, value) for name, value in pairs if value not in (None, "")], styles=("dim",), folds=True)

    def mapping(self, title: str, values: Mapping[str, Any]) -> None:
        """Add a titled block of names and values, each value on one line; nothing if there are none."""
        if values:
            self.title(title)
            self.table([(name, value_text(value)) for name, value in values.items()])

    def table(
        self,
        rows: Sequence[Sequence[Cell]],
        head: Sequence[str] = (),
        *,
        right: Sequence[int] = (),
        styles: Sequence[str] = (),
        folds: bool = False,
        most: int = MOST_ROWS,
        flexible: int = -1,
        optional: Sequence[int] = (),
    ) -> None:
        """Add an aligned table.

        Args:
            rows: The cells of each row.
            head: The names of the columns; a name may have several lines.
            right: The positions of the columns that are aligned to the right.
            styles: The styles of the first columns.
            folds: Whether the last column continues on further lines instead of being cut.
            most: Of more rows than this the first are shown.
            flexible: The position of the column that is cut to fit the page.
            optional: The positions of the columns that are left out where they are empty, or where there is no room
                for all: the first of them first.
        """
        from rich.padding import Padding
        from rich.table import Table

        if not rows:
            return
        cells = [tuple(map(_text, row)) for row in rows[:most]]
        widths = self._widths(cells, head, flexible % len(rows[0]), optional)
        table = Table(box=None, show_header=bool(head), header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
        for position, width in widths.items():
            is_folded = folds and position == len(rows[0]) - 1
            table.add_column(
                head[position] if head else "",
                justify="right" if position in right else "left",
                vertical="bottom" if head else "top",
                style=styles[position] if position < len(styles) else "",
                width=width,
                no_wrap=not is_folded,
                overflow="fold" if is_folded else "ellipsis",
            )
        for row in cells:
            table.add_row(*(row[position] for position in widths))
        self._blocks.append(Padding(table, (0, 0, 0, self._indent)))
        if len(rows) > most:
            self.line((f"  and {len(rows) - most:,} more: --json has all", "dim"))

    def _widths(
        self, rows: Sequence[Sequence[Text]], head: Sequence[str], flexible: int, optional: Sequence[int]
    ) -> dict[int, int]:
        """Return the width of each column that is shown, by its position.

        Each gets what it needs, the first one at most half of the page, and the flexible one what the others leave.
        """
        from rich.cells import cell_len

        page = self._width - self._indent
        contents = {position: max(row[position].cell_len for row in rows) for position in range(len(rows[0]))}
        widths = {position: max(width, 1) for position, width in contents.items()}
        for position, name in enumerate(head):
            widths[position] = max(widths[position], *map(cell_len, name.split("\n")))
        if len(widths) > 1:
            widths[0] = min(widths[0], max(_FIRST_KEEPS, page // 2))
        spare = max(0, widths[flexible] - _FLEXIBLE_WANTS)
        for position in optional:
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
