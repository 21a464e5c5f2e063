"""Pages of `show`, `flavors` and `inspect`: titled blocks of facts and tables, drawn by rich."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fitprint._runs.summary_line import size_text
from fitprint.cli.screen import Screen
from fitprint.cli.texts import clean, value_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

Cell = Any
"""A text, or rich's Text where a part of it is styled."""

MOST_ROWS = 200
_INDENT = _GAP = 2
_NAME_KEEPS, _LAST_KEEPS = 36, 12
_NEVER_REACHED = 100_000
"""Columns of what is no terminal: no line is cut or folded there."""


class Page:
    """Blocks one beneath the other. What is put in as a text is the user's: it is cleaned, and no markup is read."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._blocks: list[RenderableType] = []

    def line(self, *parts: tuple[object, str]) -> None:
        """One line of (text, style) parts."""
        from rich.text import Text

        self._blocks.append(Text.assemble(*((clean(text), style) for text, style in parts)))

    def title(self, text: str, remark: str = "") -> None:
        """The head of a block, with a line of space above it."""
        self.line()
        self.line((text, "bold"), *([(f"  {remark}", "dim")] if remark else []))

    def facts(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Names and values; those without a value are left out."""
        self.rows([(name, value) for name, value in pairs if value not in (None, "")], styles=("dim",), folds=True)

    def mapping(self, title: str, values: Mapping[str, Any]) -> None:
        """A titled block of names and values of the user's, each value on one line; nothing when there are none."""
        if values:
            self.title(title)
            self.rows([(name, value_text(value)) for name, value in values.items()])

    def rows(
        self,
        rows: Sequence[Sequence[Cell]],
        head: Sequence[str] = (),
        right: Sequence[int] = (),
        styles: Sequence[str] = (),
        folds: bool = False,
    ) -> None:
        """An aligned table. ``folds``: the last column goes on in further lines instead of being cut."""
        from rich.padding import Padding
        from rich.table import Table

        if not rows:
            return
        table = Table(box=None, show_header=bool(head), header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
        shown = [tuple(map(_text, row)) for row in rows[:MOST_ROWS]]
        widths = self._widths([[row[i].cell_len for row in shown] for i in range(len(shown[0]))], head)
        for i, width in enumerate(widths):
            goes_on = folds and i == len(widths) - 1
            table.add_column(
                head[i] if head else "",
                justify="right" if i in right else "left",
                style=styles[i] if i < len(styles) else "",
                width=width,
                no_wrap=not goes_on,
                overflow="fold" if goes_on else "ellipsis",
            )
        for row in shown:
            table.add_row(*row)
        self._blocks.append(Padding(table, (0, 0, 0, _INDENT)))
        if len(rows) > MOST_ROWS:
            self.line((f"  and {len(rows) - MOST_ROWS:,} more: --json has all", "dim"))

    def _widths(self, lengths: Sequence[Sequence[int]], head: Sequence[str]) -> list[int]:
        """Of each column what it needs; the first at most half of the page, the last what the others leave."""
        wanted = [max(*each, len(head[i]) if head else 0, 1) for i, each in enumerate(lengths)]
        page = (self._screen.width or _NEVER_REACHED) - _INDENT
        if len(wanted) > 1:
            wanted[0] = min(wanted[0], max(_NAME_KEEPS, page // 2))
        left = page - sum(wanted[:-1]) - _GAP * (len(wanted) - 1)
        return [*wanted[:-1], min(wanted[-1], max(left, _LAST_KEEPS))]

    def plain_lines(self, lines: Iterable[str]) -> None:
        """Lines that are laid out, cleaned and styled already."""
        from rich.text import Text

        self._blocks += [Text.from_ansi(f"  {line}", no_wrap=True) for line in lines]

    def print(self) -> None:
        """Writes the page to standard output, without blanks at the ends of lines."""
        from rich.console import Console

        console = Console(
            file=io.StringIO(),
            width=self._screen.width or _NEVER_REACHED,
            force_terminal=self._screen.colour,
            color_system="standard" if self._screen.colour else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )
        with console.capture() as captured:
            console.print(*self._blocks, sep="\n")
        text = "\n".join(line.rstrip() for line in captured.get().splitlines())
        click.echo(text, color=self._screen.colour)


def styled(text: object, style: str | None) -> Text:
    """A text of the user's in a style."""
    from rich.text import Text

    return Text(clean(text), style or "")


def size_or_missing(size: int | None) -> Cell:
    """Bytes in words; a file that is not there is said to be missing."""
    return styled("missing", "red") if size is None else size_text(size)


def signature_rows(signature: Mapping[str, Sequence[Mapping[str, Any]] | None]) -> list[tuple[str, str, str, str]]:
    """(part, name, type, default or whether it is optional) for each column, tensor and param of a signature."""
    found = []
    for part, specs in signature.items():
        for i, spec in enumerate(specs or ()):
            name = "(unnamed)" if spec["name"] is None else value_text(spec["name"])
            if "default" in spec:
                remark = f"default {value_text(spec['default'])}"
            else:
                remark = "" if spec["required"] else "optional"
            found.append((part if i == 0 else "", name, value_text(spec["type"]), remark))
    return found


def _text(cell: Cell) -> Text:
    return styled(cell, None) if isinstance(cell, str) else cell
