"""Print an explanation: a table on a terminal, plain text in a pipe, or JSON.

No form shortens a value, and none passes a control character from a file to the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from casual_llm.cli.target import choose_model
from casual_llm.options import FIELDS, Layer
from casual_llm.options.explain import HEADINGS, Explanation, Row, aligned, printable, text_of
from casual_llm.options.merging import LAST, Combination
from casual_llm.options.omit import OMIT
from casual_llm.options.response_format import JsonSchema
from casual_llm.shell.config_files import load_config
from casual_llm.tools import Tool

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 40
"""Columns; a narrower terminal has no room for a letter in each column of the table."""


@frozen
class ModelExplanation:
    """The options of a model of a file and where each comes from."""

    model: str
    client: str
    provider: str
    name: str
    """The model's name at the provider."""
    explanation: Explanation

    @classmethod
    def from_file(cls, path: Path, model: str | None, call: Layer) -> ModelExplanation:
        """Explain a model of a file, with the options of the flags as the top layer."""
        config = load_config(path)
        key = choose_model(config, model)
        settings = config.models[key]
        provider = config.clients[settings.client].provider
        return cls(key, settings.client, provider, settings.name, config.explain(key, **{"--set": call}))

    def lines(self, separator: str) -> list[tuple[str, ...]]:
        """Return the rows of the table; the separator joins the overridden values of one row."""
        return [_cells(row, separator) for row in self.explanation.rows]

    @property
    def notes(self) -> list[tuple[str, ...]]:
        """The lines below the table, each with its title."""
        client = f"{printable(self.client)} ({self.provider})"
        model = f"{printable(self.model)} ({printable(self.name)})"
        unset = ", ".join(self.explanation.unset)
        return [("client", client), ("model", model), *([("not set", unset)] if unset else [])]


def render(explained: ModelExplanation) -> str:
    """Write an explanation in the form that suits standard output: a table on a terminal, else text."""
    if not sys.stdout.isatty():
        return as_text(explained)

    from rich.console import Console

    console = Console(highlight=False)
    return as_text(explained) if console.width < _NARROW else _as_table(explained, console)


def as_text(explained: ModelExplanation) -> str:
    """Write an explanation in columns that are as wide as their longest value."""
    return f"{aligned([HEADINGS, *explained.lines(', ')])}\n\n{aligned(explained.notes)}\n"


def as_json(explained: ModelExplanation) -> str:
    """Write an explanation as one JSON object on one line; an omitted option has `omit` and no `value`."""
    rows = [
        {**_json_row(row.dotted_path, row.layer, row.value), "overrode": [*_overridden(row)]}
        for row in explained.explanation.rows
    ]
    header = {name: getattr(explained, name) for name in ("model", "client", "provider", "name")}
    return json.dumps({**header, "rows": rows, "unset": explained.explanation.unset}, default=_plain) + "\n"


def _cells(row: Row, separator: str) -> tuple[str, ...]:
    overridden = [printable(f"{text_of(value)} ({layer})") for layer, value in row.overridden]
    return *map(printable, (row.dotted_path, text_of(row.value), row.layer)), separator.join(overridden)


def _as_table(explained: ModelExplanation, console: Console) -> str:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column(heading, overflow="fold") for heading in HEADINGS]
    table = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for line in explained.lines("\n"):
        table.add_row(*map(Text, line))  # as Text, because rich reads brackets in a string as markup
    notes = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for line in explained.notes:
        notes.add_row(*map(Text, line))
    with console.capture() as captured:
        console.print(table, "", notes)
    return captured.get()


def _json_row(path: str, layer: str, value: object) -> dict[str, Any]:
    content = {"omit": True} if value is OMIT else {"value": value}
    return {"place": path, **content, "layer": layer}


def _overridden(row: Row) -> Iterator[dict[str, Any]]:
    combination: Combination | None = FIELDS[row.path[0]].combination
    for _ in row.path[1:]:
        combination = combination and combination.inner
    for layer, value in row.overridden:
        for path, leaf in (combination or LAST).flatten(value, row.path):
            yield _json_row(".".join(path), layer, leaf)


def _plain(value: Tool | JsonSchema) -> dict[str, Any]:
    if isinstance(value, Tool):
        return {"name": value.name, "description": value.description, "parameters": value.input_schema}
    return asdict(value, recurse=False)
