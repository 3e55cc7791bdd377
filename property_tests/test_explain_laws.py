"""An explanation is the merge, with the origin of each value; erasing the origins gives the merge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from strategies import options, tools

from casual_llm.options import FIELDS, ChatOptions, Layer, layered, merge, set_fields
from casual_llm.options.explain import HEADINGS, Explanation, Row, explain
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten

stacks = st.lists(st.none() | options, max_size=4).map(lambda some: dict(zip("abcd", some, strict=False)))
full_stacks = st.lists(options, min_size=1, max_size=4).map(
    lambda some: dict(zip("abcd", some, strict=False))
)


def _set_paths(options: Layer | None) -> dict[Path, Any]:
    # An empty map says nothing at its place: it only tells that the field is set.
    values = flatten(options or ChatOptions())
    depths = {name: declared.combination.depth for name, declared in FIELDS.items()}
    return {path: value for path, value in values.items() if value is OMIT or len(path) > depths[path[0]]}


def _of_single_values(explanation: Explanation) -> list[Row]:
    depths = {name: declared.combination.depth for name, declared in FIELDS.items()}
    return [row for row in explanation.rows if len(row.path) > depths[row.path[0]]]


@given(stacks)
def test_the_values_of_an_explanation_are_the_merge(stack: dict[str, Layer | None]) -> None:
    assert explain(**stack).options == layered(**stack)


@given(stacks)
def test_there_is_a_row_for_each_path_of_the_merge(stack: dict[str, Layer | None]) -> None:
    assert {row.path: row.value for row in explain(**stack).rows} == flatten(layered(**stack))


@given(stacks)
def test_the_layer_of_a_row_has_the_value_of_the_row(stack: dict[str, Layer | None]) -> None:
    values = {name: flatten(layer or ChatOptions()) for name, layer in stack.items()}
    for row in explain(**stack).rows:
        assert repr(values[row.layer][row.path]) == repr(row.value)


@given(full_stacks)
def test_no_layer_above_that_of_a_row_sets_its_path(stack: dict[str, Layer]) -> None:
    for row in explain(**stack).rows:
        above = [*stack][[*stack].index(row.layer) + 1 :]
        assert [name for name in above if row.path in _set_paths(stack[name])] == []


@given(full_stacks)
def test_a_row_overrides_the_values_of_the_layers_below_with_the_nearest_first(
    stack: dict[str, Layer],
) -> None:
    for row in _of_single_values(explain(**stack)):
        below = [(name, _set_paths(stack[name])) for name in [*stack][: [*stack].index(row.layer)]]
        overridden = [(name, values[row.path]) for name, values in reversed(below) if row.path in values]
        assert overridden == [pair for pair in row.overridden if pair in overridden]


@given(full_stacks)
def test_a_row_overrides_at_most_one_value_of_each_layer_below(stack: dict[str, Layer]) -> None:
    for row in explain(**stack).rows:
        below = [*stack][: [*stack].index(row.layer)]
        names = [name for name, _ in row.overridden]
        assert names == [name for name in reversed(below) if name in names]


@given(st.dictionaries(st.sampled_from("xyz"), st.integers(), min_size=1))
def test_omit_instead_of_a_map_overrides_each_of_its_keys(items: dict[str, int]) -> None:
    row = explain(client=ChatOptions(extra=items), call=ChatOptions(extra=OMIT))["extra"]
    assert (row.layer, row.overridden) == ("call", (("client", items),))


@given(st.dictionaries(st.sampled_from("xyz"), st.integers(), min_size=1))
def test_omit_instead_of_the_options_of_a_provider_overrides_each_of_their_keys(
    items: dict[str, int],
) -> None:
    below, omitted = ({"openai": layer} for layer in (items, OMIT))
    row = explain(a=ChatOptions(provider_options=below), b=ChatOptions(provider_options=omitted))
    assert row["provider_options.openai"].overridden == (("a", items),)


@given(stacks)
def test_options_that_no_layer_sets_are_listed_as_unset(stack: dict[str, Layer | None]) -> None:
    assert {*explain(**stack).unset} == FIELDS.keys() - set_fields(layered(**stack)).keys()


@given(full_stacks)
def test_a_row_is_found_by_its_path(stack: dict[str, Layer]) -> None:
    explained = explain(**stack)
    assert {explained[row.dotted_path].dotted_path for row in explained.rows} == {
        row.dotted_path for row in explained.rows
    }


@pytest.mark.parametrize("path", ["seed", "extra.user", ""])
def test_a_path_that_no_layer_sets_has_no_row(path: str) -> None:
    with pytest.raises(KeyError, match="no layer sets it"):
        explain(call=ChatOptions(temperature=0.0))[path]


@given(stacks)
def test_the_text_has_a_line_of_headings_and_a_line_for_each_row(stack: dict[str, Layer | None]) -> None:
    explained = explain(**stack)
    lines = str(explained).split("\n")
    assert lines[0].split("  ")[0].strip() == HEADINGS[0]
    assert len(lines) == 1 + len(explained.rows)


@given(full_stacks)
@example({"call": ChatOptions(stop="x" * 100)})
def test_the_cell_of_a_value_is_short(stack: dict[str, Layer]) -> None:
    assert all(len(row.cells[1]) <= 48 for row in explain(**stack).rows)


@given(st.lists(tools, min_size=1, max_size=2))
def test_tools_are_shown_by_their_names(offered: list[Any]) -> None:
    shown = explain(call=ChatOptions(tools=offered))["tools"].cells[1]
    assert shown == f"[{', '.join(tool.name for tool in offered)}]"


@given(options, options)
def test_in_one_layer_alone_nothing_is_overridden(a: Layer, b: Layer) -> None:
    rows = explain(merged=merge(a, b)).rows
    assert {(row.layer, row.overridden) for row in rows} <= {("merged", ())}
