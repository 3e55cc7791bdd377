"""Configuration files: legal ones, constructed; and what makes them illegal.

A file is the data that a parser gives. Null is left out where a law also writes the file as TOML, which
has none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from casual_llm.frozen import Json
from casual_llm.options import FIELDS

Data: TypeAlias = dict[str, Any]

# What a file says.

_keys = st.text("az09_-. é\u2028🦙:#'\"\\", min_size=1, max_size=2)
_texts = st.text("az \n\t\x7f\x85é\u2028\ufeff🦙\"\\'", max_size=3)
_numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)
_leaves: SearchStrategy[Json] = st.booleans() | _numbers | _texts
_shallow = st.lists(_leaves, max_size=2) | st.dictionaries(_keys, _leaves, max_size=2)
objects: SearchStrategy[Data] = st.dictionaries(_keys, _leaves | _shallow, max_size=2)
_tools = st.fixed_dictionaries(
    {"name": _keys}, optional={"description": _texts, "parameters": st.just({"properties": {"a": {}}})}
)
_formats = st.fixed_dictionaries({"name": _texts, "schema": objects}, optional={"strict": st.booleans()})

_VALUES: dict[str, SearchStrategy[Any]] = {
    "response_format": st.sampled_from(["json", "text"]) | _formats,
    "max_tokens": st.integers(1, 2**40),
    "tools": st.lists(_tools, max_size=1),
    "temperature": st.floats(0, 2) | st.integers(0, 2),
    "top_p": st.floats(0, 1) | st.integers(0, 1),
    "stop": _texts | st.lists(_texts, max_size=2),
    "tool_choice": st.sampled_from(["auto", "none", "f"]),
    "parallel_tool_calls": st.booleans(),
    "reasoning": st.sampled_from(["none", "high"])
    | st.fixed_dictionaries({"budget_tokens": st.integers(1, 2**40)}, optional={"show": st.booleans()})
    | st.fixed_dictionaries({"between_tools": st.booleans()}, optional={"effort": st.just("low")}),
    "frequency_penalty": _numbers,
    "presence_penalty": _numbers,
    "seed": st.integers(-(2**62), 2**62),
    "top_k": st.integers(0, 100),
    "extra": objects,
    "provider_options": st.dictionaries(st.sampled_from(["openai", "local", "x-y"]), objects, max_size=2),
    "system_message_handling": st.sampled_from(["keep", "merge"]),
}
_KEYS_OF_NOBODY = ["extra.omitted", "provider_options.openai.omitted", "provider_options.omitted"]
"""Places that no section sets: its keys are shorter."""


@st.composite
def section_options(draw: st.DrawFn) -> Data:
    """Options of one section; most are not set."""
    masks = st.integers(0, 2 ** len(_VALUES) - 1)
    mask = draw(masks) & draw(masks) & draw(masks)
    return {name: draw(some) for index, (name, some) in enumerate(_VALUES.items()) if mask >> index & 1}


def _places(options: Data) -> list[str]:
    unset = [name for name in _VALUES if name not in options]
    return [*unset, *_KEYS_OF_NOBODY, *(["extra"] if options.get("extra") else [])]


@st.composite
def sections(draw: st.DrawFn, below: Sequence[str] = ()) -> Data:
    """Sections of presets, of which each may extend those below."""
    options = draw(section_options())
    more = st.fixed_dictionaries(
        {},
        optional={
            "omit": st.lists(st.sampled_from(_places(options)), unique=True, max_size=2),
            "extends": st.lists(st.sampled_from(below), unique=True, max_size=2) if below else st.just([]),
        },
    )
    return {**options, **draw(more)}


# Names of sections that a reader might stumble over.
names = st.text("ab.-é🦙 ", min_size=1, max_size=2) | st.sampled_from(
    ["extends", "omit", "presets", "models.a", "None", "0", "__class__", "self"]
)
api_keys = st.text("abcXYZ0189-_", min_size=12, max_size=16).map("sk-".__add__)
_seconds = st.floats(0.001, 1000) | st.integers(1, 1000)
_connections = st.fixed_dictionaries(
    {"provider": st.sampled_from(["openai", "local"])},
    optional={
        "name": _keys,
        "base_url": st.sampled_from(["https://example.com/v1", "HTTP://localhost:1/"]),
        "api_key": api_keys,
        "timeout": _seconds | st.fixed_dictionaries({}, optional={"read": _seconds, "total": _seconds}),
        "extra_kwargs": objects,
    },
)


@st.composite
def preset_sections(draw: st.DrawFn, most: int = 3) -> Data:
    """Presets that extend those made before them, so that there is no circle; the order is any."""
    called = draw(st.lists(names, unique=True, max_size=most))
    made = {name: draw(sections(called[:index])) for index, name in enumerate(called)}
    return dict(draw(st.permutations([*made.items()])))


@st.composite
def files(draw: st.DrawFn) -> Data:
    """Legal files."""
    presets = draw(preset_sections())
    below = [*presets]
    clients = {
        name: {**draw(_connections), **draw(sections(below))} for name in draw(st.sets(names, max_size=1))
    }
    called = draw(st.sets(names, max_size=2 if clients else 0))
    owned = st.fixed_dictionaries({"client": st.sampled_from([*clients] or [""]), "name": _keys})
    models = {name: {**draw(owned), **draw(sections(below))} for name in called}
    return {"presets": presets, "clients": clients, "models": models}


@st.composite
def reordered(draw: st.DrawFn, some: SearchStrategy[Data]) -> tuple[Data, Data]:
    """Give a file twice, its sections and their keys in two orders."""
    file = draw(some)
    return file, _shuffled(draw, file, 3)


def _shuffled(draw: st.DrawFn, data: Any, depth: int) -> Any:  # noqa: ANN401 # JSON
    if not depth or not isinstance(data, Mapping):
        return data
    return {key: _shuffled(draw, data[key], depth - 1) for key in draw(st.permutations([*data]))}


# The same file in three formats.


def written(value: Json) -> str:
    """Write a value as JSON; what is not ASCII is escaped, but not by halves, which only JSON knows."""
    return re.sub(
        r"[\x7f-\uffff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        json.dumps(value, ensure_ascii=False),
    )


def toml(value: Json) -> str:
    """Write a value as TOML: strings, numbers and arrays are written as in JSON, tables are not."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{written(key)} = {toml(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else written(value)


def toml_file(file: Data) -> str:
    """Write a file as TOML."""
    return "\n".join(f"{written(section)} = {toml(entries)}" for section, entries in file.items())


# What goes wrong.

_NO_NUMBERS: list[Any] = [True, "1", [], {}, None, math.nan, math.inf, -math.inf]
_NO_TEXTS: list[Any] = [5, True, None, {}, [5], ["a", None]]
_NO_TOOLS: list[Any] = [
    *("x", 5, None, {}, [5], [{}], [{"name": ""}], [{"name": "x", "parms": {}}]),
    *([{"name": "x", "description": 5}], [{"name": "x", "parameters": 5}]),
    *([{"name": "x", "parameters": {key: wrong}}] for key, wrong in [("type", "array"), ("properties", 5)]),
    *(
        [{"name": "x", "parameters": {key: wrong}}]
        for key, wrong in [("required", 5), ("properties", {"a": 5})]
    ),
]
WRONG_VALUES: dict[str, list[Any]] = {
    "response_format": ["xml", 5, None, [], {}, {"name": "x"}, {"name": "x", "schema": {}, "strct": True}],
    "max_tokens": [*_NO_NUMBERS, 0, -1, 1.0],
    "tools": _NO_TOOLS,
    "temperature": [*_NO_NUMBERS, -1],
    "top_p": [*_NO_NUMBERS, -0.1, 1.1, 2],
    "stop": _NO_TEXTS,
    "tool_choice": [*_NO_TEXTS, "", []],
    "parallel_tool_calls": [0, "true", None, []],
    "reasoning": [
        *("highest", "", 5, None, True, [], ["high"], {}, {"efort": "high"}, {5: "high"}),
        *({"effort": wrong} for wrong in ["highest", 5, None]),
        *({"budget_tokens": wrong} for wrong in [*_NO_NUMBERS, 0, -1, 1.5]),
        *({flag: wrong} for flag in ["show", "between_tools"] for wrong in [0, "true", None]),
        {"effort": "high", "budget_tokens": 1},
    ],
    "frequency_penalty": _NO_NUMBERS,
    "presence_penalty": _NO_NUMBERS,
    "seed": [*_NO_NUMBERS, 1.5],
    "top_k": [*_NO_NUMBERS, -1, 1.5],
    "extra": [5, "x", [], None, {"a": math.nan}, {"a": [math.inf]}, {"a": {1}}, {5: 1}, {"\ud800": 1}],
    "provider_options": [5, "x", [], None, {"a": 5}, {"a": None}, {"a": {"b": math.nan}}, {5: {}}],
    "system_message_handling": ["join", 5, None, ["keep"]],
    "extends": [5, "", [""], [5], {}, None, ["missing-1"], "missing-2", ["a", "a"]],
    "omit": [5, "", [""], [5], {}, None, "tempo", ["seed.a"], ["extra."], ["seed", "seed"]],
}
WRONG_OF_CLIENTS: dict[str, list[Any]] = {
    "provider": ["opnai", "OPENAI", "", 5, None, ["local"]],
    "name": ["", *_NO_TEXTS],
    "base_url": ["example.com", "ftp://example.com", "", *_NO_TEXTS],
    "api_key": ["", *_NO_TEXTS],
    "timeout": [0, -1, True, "60", [], None, math.nan, math.inf, 1e10, {"read": 0}, {"raed": 1}, {5: 1}],
    "extra_kwargs": [5, "x", [], None, {"a": math.nan}],
}


def wrong_keys(known: Mapping[str, list[Any]]) -> SearchStrategy[Data]:
    """Keys of one section with a wrong value each."""
    return st.lists(st.sampled_from([*known]), unique=True, min_size=1, max_size=3).flatmap(
        lambda keys: st.fixed_dictionaries({key: st.sampled_from(known[key]) for key in keys})
    )


_LONG = [name for name in FIELDS if len(name) >= 8]
_SLIPS = {
    slip: name
    for name in _LONG
    for cut in range(len(name) - 1)
    for slip in (name[:cut] + name[cut + 1 :], name[:cut] + name[cut + 1] + name[cut] + name[cut + 2 :])
    if slip not in FIELDS
}
misspelled = st.sampled_from([*_SLIPS.items()])
"""A name of an option with a letter dropped or two swapped, and the one that was meant."""

# Anything at all.

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=2),
    lambda some: (
        st.lists(some, max_size=2)
        | st.dictionaries(
            st.sampled_from(["a", "extends", "omit", "extra", "timeout", "provider"])
            | st.none()
            | st.text(max_size=2),
            some,
            max_size=2,
        )
    ),
    max_leaves=4,
)
_SECTION_KEYS = [*_VALUES, *WRONG_OF_CLIENTS, "extends", "omit", "client"]
_any_sections = st.dictionaries(
    st.sampled_from(["a", "", 5]), st.dictionaries(st.sampled_from(_SECTION_KEYS), _anything, max_size=3)
)
any_data = _anything | st.dictionaries(
    st.sampled_from(["clients", "presets", "models"]), _any_sections | _anything, max_size=3
)


@st.composite
def mutated(draw: st.DrawFn, texts: SearchStrategy[str]) -> str:
    """Give a text with a piece cut out, doubled or replaced."""
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 9)))
    between = draw(
        st.sampled_from(["", text[start:end] * 2, "!!int ", "&a ", "*a", "{", "0x", "\x00", "9e9"])
    )
    return text[:start] + between + text[end:]


@st.composite
def circles(draw: st.DrawFn) -> Data:
    """Presets that extend each other as it comes, with at least one circle among them."""
    called = draw(st.lists(names, unique=True, min_size=1, max_size=5))
    around = called[: draw(st.integers(1, len(called)))]
    links = dict(zip(around, [*around[1:], around[0]], strict=True))
    further = {name: draw(st.lists(st.sampled_from(called), unique=True, max_size=2)) for name in called}
    linked = {name: [*below, links.get(name, name)] for name, below in further.items() if name in links}
    return {name: {"extends": [*dict.fromkeys(below)]} for name, below in {**further, **linked}.items()}
