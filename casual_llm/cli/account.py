"""How an explanation is printed: a table on a terminal, its plain text in a pipe, or JSON.

None of them shortens a value, and none hands the terminal a control character of a file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from casual_llm.cli.target import model_of
from casual_llm.options import FIELDS, JsonSchema, Layer, Reasoning
from casual_llm.options.explain import HEADINGS, Explanation, Row, aligned, printable, text_of
from casual_llm.options.merging import LAST, Combination
from casual_llm.options.omit import OMIT
from casual_llm.shell.config_files import load_config
from casual_llm.tools import Tool

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 40
"""Columns; in fewer, a table has no room for a letter in each of its own."""


@frozen
class Account:
    """The options of a model, where each comes from, and whose model it is."""

    model: str
    client: str
    provider: str
    name: str
    """The model's name at the provider."""
    explanation: Explanation

    @classmethod
    def of_file(cls, path: Path, model: str | None, call: Layer) -> Account:
        """Explain a model of a file, with what the flags set above it."""
        config = load_config(path)
        key = model_of(config, model)
        settings = config.models[key]
        provider = config.clients[settings.client].provider
        return cls(key, settings.client, provider, settings.name, config.explain(key, **{"--set": call}))

    def lines(self, between: str) -> list[tuple[str, ...]]:
        """Write the rows of the table, with this between the values that one row overrode."""
        return [_cells(row, between) for row in self.explanation.rows]

    @property
    def notes(self) -> list[tuple[str, ...]]:
        """What is told below the table, each with its title."""
        client = f"{printable(self.client)} ({self.provider})"
        model = f"{printable(self.model)} ({printable(self.name)})"
        unset = ", ".join(self.explanation.unset)
        return [("client", client), ("model", model), *([("not set", unset)] if unset else [])]


def written(account: Account) -> str:
    """Write an account for whoever reads standard output."""
    if not sys.stdout.isatty():
        return as_text(account)

    from rich.console import Console  # noqa: PLC0415 # only a terminal needs it

    console = Console(highlight=False)
    return as_text(account) if console.width < _NARROW else _as_table(account, console)


def as_text(account: Account) -> str:
    """Write an account in columns, as wide as they must be."""
    return f"{aligned([HEADINGS, *account.lines(', ')])}\n\n{aligned(account.notes)}\n"


def as_json(account: Account) -> str:
    """Write an account as one JSON object on one line; where a place has no `value`, `omit` is true."""
    rows = [
        {**_told(row.place, row.layer, row.value), "overrode": [*_overrode(row)]}
        for row in account.explanation.rows
    ]
    names = {name: getattr(account, name) for name in ("model", "client", "provider", "name")}
    return json.dumps({**names, "rows": rows, "unset": account.explanation.unset}, default=_plain) + "\n"


def _cells(row: Row, between: str) -> tuple[str, ...]:
    overrode = [printable(f"{text_of(value)} ({layer})") for layer, value in row.overridden]
    return *map(printable, (row.place, text_of(row.value), row.layer)), between.join(overrode)


def _as_table(account: Account, console: Console) -> str:
    from rich import box  # noqa: PLC0415 # as above
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    columns = [Column(heading, overflow="fold") for heading in HEADINGS]
    table = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for line in account.lines("\n"):
        table.add_row(*map(Text, line))  # as text, because brackets in a value would be taken for markup
    notes = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for line in account.notes:
        notes.add_row(*map(Text, line))
    with console.capture() as captured:
        console.print(table, "", notes)
    return captured.get()


def _told(place: str, layer: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 # of any option
    said = {"omit": True} if value is OMIT else {"value": value}
    return {"place": place, **said, "layer": layer}


def _overrode(row: Row) -> Iterator[dict[str, Any]]:
    combination: Combination | None = FIELDS[row.path[0]].combination
    for _ in row.path[1:]:
        combination = combination and combination.inner
    for layer, value in row.overridden:
        for path, leaf in (combination or LAST).flatten(value, row.path):
            yield _told(".".join(path), layer, leaf)


def _plain(value: Tool | JsonSchema | Reasoning) -> dict[str, Any]:
    if isinstance(value, Tool):
        return {"name": value.name, "description": value.description, "parameters": value.input_schema}
    return asdict(value, recurse=False)
