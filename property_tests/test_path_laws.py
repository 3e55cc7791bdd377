"""Dotted paths lead to fields and keys; differences are exact."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st
from strategies import names

from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, ChatOptions, resolve_for
from casual_llm.options.explain import explain
from casual_llm.options.merging import BY_KEY, BY_PROVIDER_AND_KEY, LAST
from casual_llm.options.omit import OMIT, Replace
from casual_llm.options.paths import diff, flatten, parse_path, same

_last_keys = st.lists(names, min_size=1, max_size=3).map(".".join)
_plain_fields = st.sampled_from([name for name, field in FIELDS.items() if field.combination is LAST])
_paths = st.one_of(
    st.tuples(st.sampled_from([*FIELDS])),
    st.tuples(st.just("extra"), _last_keys),
    st.tuples(st.just("provider_options"), names),
    st.tuples(st.just("provider_options"), names, _last_keys),
)


@given(_paths)
def test_a_dotted_path_is_parsed_to_its_field_and_keys(path: tuple[str, ...]) -> None:
    assert parse_path(".".join(path), "--omit") == path


@given(_plain_fields, _last_keys)
def test_a_path_into_a_field_without_keys_is_rejected(field: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^--omit {field}\..+: {field} has no keys; use "):
        parse_path(f"{field}.{key}", "--omit")


@pytest.mark.parametrize(
    "text", ["extra.", "provider_options.", "provider_options..a", "provider_options.openai."]
)
def test_a_path_with_an_empty_key_is_rejected(text: str) -> None:
    name = text.split(".", maxsplit=1)[0]
    with pytest.raises(ConfigurationError, match=rf"^--omit {text}: {name} has no such path; use "):
        parse_path(text, "--omit")


def test_the_depth_of_a_combination_is_the_number_of_levels_it_joins() -> None:
    assert (LAST.depth, BY_KEY.depth, BY_PROVIDER_AND_KEY.depth) == (0, 1, 2)


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), (0.0, -0.0), (True, 1.0)])
def test_equal_values_that_are_written_differently_are_not_the_same(one: Any, other: Any) -> None:  # noqa: ANN401 # JSON
    assert one == other
    assert not same(one, other)
    assert not same(other, one)
    assert diff(ChatOptions(extra={"a": one}), ChatOptions(extra={"a": other})).extra == {"a": other}


def test_unequal_values_with_the_same_repr_are_not_the_same() -> None:
    class Silent:
        def __repr__(self) -> str:
            return "silent"

    assert not same(Silent(), Silent())


def test_options_are_keyword_only() -> None:
    make: Any = ChatOptions
    with pytest.raises(TypeError, match="positional"):
        make("json")


@given(st.dictionaries(names, st.integers(), min_size=1))
def test_replacing_maps_with_equal_items_are_equal_and_not_unequal(items: dict[str, int]) -> None:
    assert Replace(items) == Replace(items)
    assert not Replace(items) != Replace(items)  # noqa: SIM202 # `!=` is what is tried
    assert Replace(items) != {**items}


@given(st.text(min_size=1))
def test_unprintable_characters_in_a_cell_are_escaped(name: str) -> None:
    cells = explain(**{name: ChatOptions(seed=1)}).rows[0].cells
    assert cells[2] == (name if name.isprintable() else "".join(_escaped(letter) for letter in name))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


@given(st.integers(40, 60))
def test_a_cell_is_truncated_to_48_characters(length: int) -> None:
    cell = explain(call=ChatOptions(stop="x" * length)).rows[0].cells[1]
    whole = repr("x" * length)
    assert cell == (whole if len(whole) <= 48 else whole[:45] + "...")


_settings = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2) | st.just(OMIT), min_size=1)
_of_providers = st.dictionaries(st.sampled_from(["p", "q"]), _settings)


@given(_of_providers, _of_providers, _settings)
def test_a_difference_of_provider_options_leads_from_one_to_the_other(
    before: dict[str, Any], after: dict[str, Any], extra: dict[str, Any]
) -> None:
    a = ChatOptions(provider_options=before)
    b = ChatOptions(provider_options=after, extra=extra)
    for named in ([], ["p"], ["q"], ["p", "q"]):
        assert resolve_for(a | diff(a, b), *named) == resolve_for(b, *named)


@given(_of_providers, _of_providers)
def test_a_difference_names_exactly_the_providers_whose_options_differ(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    difference = diff(ChatOptions(provider_options=before), ChatOptions(provider_options=after))
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {path[1] for path in flatten(difference)} == differing
