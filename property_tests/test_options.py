"""Options form a monoid under merge."""

from __future__ import annotations

from typing import Any

import algebra
import pytest
from hypothesis import example, given, strategies as st
from strategies import PROVIDERS, layer_fields, omissions, options, sayings

from casual_llm.errors import ConfigurationError
from casual_llm.options import ChatOptions, Layer, extra_of, layered, merge, resolve_for, set_fields
from casual_llm.options.omit import OMIT, Replace
from casual_llm.options.paths import at_path, diff, flatten, from_paths, same

providers = st.lists(st.sampled_from(PROVIDERS), max_size=2)
_SAME_NUMBER = (0, 0.0, False), (1, 1.0, True)


@given(options)
def test_empty_options_below_change_nothing(a: Layer) -> None:
    assert algebra.left_identity(merge, a)


@given(options)
def test_empty_options_above_change_nothing(a: Layer) -> None:
    assert algebra.right_identity(merge, a)


@given(options, options, options)
@example(ChatOptions(extra={"x": {"p": 1}}), ChatOptions(extra={"x": 5}), ChatOptions(extra={"x": {"q": 2}}))
@example(ChatOptions(extra={"x": 1}), ChatOptions(extra=OMIT), ChatOptions(extra={"y": 2}))
def test_grouping_does_not_matter(a: Layer, b: Layer, c: Layer) -> None:
    assert algebra.associativity(merge, a, b, c)


@given(options)
def test_the_same_layer_twice_is_that_layer(a: Layer) -> None:
    assert algebra.idempotence(merge, a)


@given(options, options)
def test_what_no_layer_sets_is_not_set(a: Layer, b: Layer) -> None:
    assert algebra.absent_stays_absent(merge, a, b)


@given(options, options)
def test_what_a_layer_sets_is_set_or_omitted(a: Layer, b: Layer) -> None:
    assert set_fields(merge(a, b)).keys() >= set_fields(a).keys() | set_fields(b).keys()


@given(options, sayings)
@example(ChatOptions(temperature=0.7), ChatOptions(temperature=0.0))
@example(ChatOptions(stop="END"), ChatOptions(stop=""))
@example(ChatOptions(stop="END"), ChatOptions(stop=[]))
@example(ChatOptions(extra={"store": True}), ChatOptions(extra={"store": False}))
@example(ChatOptions(extra={"store": True}), ChatOptions(extra={"store": {}}))
def test_the_later_value_wins(a: Layer, single: Layer) -> None:
    assert algebra.later_set_wins(merge, a, single)


@given(options, st.sampled_from(_SAME_NUMBER), st.permutations(range(3)))
def test_the_later_value_keeps_its_type(a: Layer, numbers: tuple[float, ...], order: list[int]) -> None:
    layers = [ChatOptions(extra={"n": numbers[index]}) for index in order]
    assert repr(flatten(merge(a, *layers))["extra", "n"]) == repr(numbers[order[-1]])


@given(options, sayings)
def test_a_layer_changes_only_what_it_sets(a: Layer, single: Layer) -> None:
    assert algebra.nothing_else_changes(merge, a, single)


@given(options, options)
def test_merging_a_layer_is_merging_its_values_one_by_one(a: Layer, b: Layer) -> None:
    assert merge(a, b) == merge(a, *(at_path(path, value) for path, value in flatten(b).items()))


@given(options)
def test_options_are_rebuilt_from_their_paths(some: Layer) -> None:
    assert from_paths(flatten(some).items()) == some


@given(options, st.sampled_from(["extra", "provider_options"]))
def test_an_empty_map_adds_nothing_to_what_is_sent(a: Layer, name: str) -> None:
    fields: dict[str, Any] = {name: {}}
    assert resolve_for(merge(a, ChatOptions(**fields))) == resolve_for(a)


@given(options, omissions)
def test_omit_removes_what_lower_layers_set(a: Layer, omitted: Layer) -> None:
    assert algebra.omit_removes(merge, a, omitted)


@given(options, options, omissions)
def test_an_omitted_option_stays_omitted_whatever_lower_layers_set(
    a: Layer, b: Layer, omitted: Layer
) -> None:
    assert algebra.removed_stays_removed(merge, a, b, omitted)


@given(options, omissions, sayings)
def test_an_omitted_option_can_be_set_again_by_a_higher_layer(
    a: Layer, omitted: Layer, single: Layer
) -> None:
    assert algebra.later_set_wins(merge, merge(a, omitted), single)


@given(options, options)
def test_a_replacing_map_replaces_the_maps_of_lower_layers(a: Layer, b: Layer) -> None:
    alone = merge(ChatOptions(extra=OMIT), b)
    assert resolve_for(merge(a, alone)).extra == resolve_for(b).extra


@pytest.mark.parametrize("name", ["extra", "provider_options"])
def test_an_empty_replacing_map_is_omit(name: str) -> None:
    fields: dict[str, Any] = {name: Replace({})}
    assert ChatOptions(**fields) == ChatOptions(**{**fields, name: OMIT})


@given(st.lists(options, max_size=3), st.lists(options, max_size=3))
def test_merging_layers_is_merging_their_merges(below: list[Layer], above: list[Layer]) -> None:
    assert merge(*below, *above) == merge(merge(*below), merge(*above))


@given(options, options)
def test_the_operator_is_the_merge(a: Layer, b: Layer) -> None:
    assert a | b == merge(a, b)


@given(st.none() | options, st.none() | options, st.none() | options)
def test_named_layers_merge_in_order_and_none_is_ignored(
    client: Layer | None, model: Layer | None, call: Layer | None
) -> None:
    given_layers = [layer for layer in (client, model, call) if layer is not None]
    assert layered(client=client, model=model, call=call) == merge(*given_layers)


@given(options, options)
def test_merged_options_are_valid(a: Layer, b: Layer) -> None:
    assert ChatOptions(**set_fields(merge(a, b))) == merge(a, b)


# What is set, left out, and different.


@given(options, layer_fields)
def test_set_replaces_the_given_fields_and_no_others(some: Layer, values: dict[str, Any]) -> None:
    put = some.set(**values)
    assert set_fields(put) == {**set_fields(some), **set_fields(ChatOptions(**values))}


@given(options, options)
def test_without_unsets_the_given_fields_and_no_others(some: Layer, other: Layer) -> None:
    names = set_fields(other).keys()
    kept = {name: value for name, value in set_fields(some).items() if name not in names}
    assert set_fields(some.without(*names)) == kept


@given(options)
def test_setting_a_field_to_none_unsets_it(some: Layer) -> None:
    assert some.set(**dict.fromkeys(set_fields(some))) == ChatOptions() == some.without(*set_fields(some))


@given(options, options, providers)
def test_the_base_with_the_difference_on_top_sends_what_the_target_sends(
    a: Layer, b: Layer, names: list[str]
) -> None:
    assert resolve_for(a | diff(a, b), *names) == resolve_for(b, *names)


@given(options, options)
def test_the_base_with_the_difference_on_top_has_the_exact_values_of_the_target(a: Layer, b: Layer) -> None:
    after, goal = flatten(resolve_for(a | diff(a, b))), flatten(resolve_for(b))
    assert {path: repr(value) for path, value in after.items()} == {p: repr(v) for p, v in goal.items()}


@given(options)
def test_the_difference_of_options_from_themselves_is_empty(a: Layer) -> None:
    assert diff(a, a) == ChatOptions()


@given(options, options)
def test_a_difference_sets_nothing_where_the_same_value_is_sent(a: Layer, b: Layer) -> None:
    before, after = flatten(resolve_for(a)), flatten(resolve_for(b))
    # The map of a provider is replaced as a whole.
    alike = {path for path in before if len(path) < 3 and path in after and same(before[path], after[path])}
    assert not flatten(diff(a, b)).keys() & alike


# What is sent.


@given(options, providers)
def test_options_resolved_for_a_provider_contain_no_omit(some: Layer, names: list[str]) -> None:
    assert "OMIT" not in repr(resolve_for(some, *names, "nobody"))


@given(options)
def test_options_resolved_for_no_provider_contain_omit_only_inside_provider_options(some: Layer) -> None:
    assert "OMIT" not in repr(resolve_for(some).without("provider_options"))
    assert all(OMIT is not own for own in (resolve_for(some).provider_options or {}).values())


@given(options, st.sampled_from(PROVIDERS), st.sampled_from("ab"))
def test_omit_in_provider_options_removes_a_key_of_extra(some: Layer, name: str, key: str) -> None:
    omitted = ChatOptions(provider_options={name: {key: OMIT}})
    assert key not in extra_of(resolve_for(some | ChatOptions(extra={key: 1}) | omitted, name))
    assert extra_of(resolve_for(some | ChatOptions(extra={key: 1}) | omitted, "nobody"))[key] == 1


@given(options, providers)
def test_resolved_options_contain_no_replacing_map(some: Layer, names: list[str]) -> None:
    assert "Replace(" not in repr(resolve_for(some, *names))


@given(options, providers)
def test_resolving_is_idempotent(some: Layer, names: list[str]) -> None:
    assert (
        resolve_for(resolve_for(some, *names), *names)
        == resolve_for(some, *names)
        == resolve_for(resolve_for(some), *names)
    )


@given(options)
def test_options_of_a_provider_that_is_not_named_are_not_sent(some: Layer) -> None:
    assert resolve_for(some, "nobody") == resolve_for(some.without("provider_options"))


@given(options, st.sampled_from(PROVIDERS))
def test_provider_options_override_extra(some: Layer, name: str) -> None:
    own = (resolve_for(some).provider_options or {}).get(name)
    assert resolve_for(some, name) == resolve_for(some.without("provider_options") | ChatOptions(extra=own))


# What is not merged.


@given(options, options, options)
def test_of_a_repeated_layer_only_the_last_occurrence_counts(a: Layer, b: Layer, c: Layer) -> None:
    assert merge(a, b, a, c) == merge(b, a, c)


@given(options, st.sampled_from([None, {}, {"seed": 1}, "hot", 1]))
def test_a_right_operand_that_is_not_options_is_rejected(a: Layer, other: Any) -> None:  # noqa: ANN401 # whatever it is
    with pytest.raises(ConfigurationError, match=r"^the right side of \|: expected ChatOptions"):
        a | other


def test_options_cannot_be_subclassed() -> None:
    with pytest.raises(TypeError, match="Mine: ChatOptions has no subclasses; keep one in a field"):
        type("Mine", (ChatOptions,), {})
