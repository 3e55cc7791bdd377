"""The order of a configuration file has no meaning, and all problems are reported at once."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, strategies as st
from returns.pipeline import is_successful
from settings_strategies import (
    WRONG_OF_CLIENTS,
    WRONG_VALUES,
    Data,
    any_data,
    api_keys,
    circles,
    files,
    misspelled,
    names,
    objects,
    preset_sections,
    reordered,
    section_options,
    sections,
    written,
    wrong_keys,
)
from strategies import nested

from casual_llm.config.assignment import assigned
from casual_llm.config.parse import parse_config
from casual_llm.config.values import Config
from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, Layer, merge
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import at_path, flatten

NEEDED: Data = {"clients": {"provider": "local"}, "presets": {}, "models": {"client": "here", "name": "n"}}


def parsed(data: object) -> Config:
    return parse_config(data).unwrap()


def problems_of(data: object) -> tuple[str, ...]:
    return parse_config(data).failure().problems


def preset(options: Data) -> Layer:
    return parsed({"presets": {"it": options}}).presets["it"]


def local(**more: Data) -> Data:
    return {"clients": {"here": {"provider": "local"}}, **more}


def parts(key: str) -> list[str]:
    return [key[start : start + 5] for start in range(3, len(key) - 4)]


# What a file means.


@given(reordered(files()))
def test_a_file_means_the_same_in_any_order(orders: tuple[Data, Data]) -> None:
    one, other = map(parsed, orders)
    assert one == other
    assert all(model.config == other.models[name].config for name, model in one.models.items())


@given(preset_sections(), section_options())
def test_a_preset_is_the_merge_of_the_presets_it_extends_and_then_its_own_options(
    presets: Data, own: Data
) -> None:
    config = parsed({"presets": {**presets, "top": {**own, "extends": [*presets]}, "own": own}})
    assert config.presets["top"] == merge(*(config.presets[name] for name in [*presets, "own"]))


@given(sections())
def test_extending_no_presets_changes_nothing(own: Data) -> None:
    assert preset({**own, "extends": []}) == preset(own)


@given(names, section_options())
def test_a_single_name_is_a_list_of_one(name: str, options: Data) -> None:
    one, other = ({"presets": {name: options, "top": {"extends": below}}} for below in (name, [name]))
    assert parsed(one) == parsed(other)


@given(preset_sections(), section_options())
def test_models_and_clients_accept_options_like_presets(presets: Data, own: Data) -> None:
    same = {**own, "extends": [*presets]}
    file = {
        "presets": {**presets, "top": same},
        "clients": {"c": {"provider": "local", **same}},
        "models": {"m": {"client": "c", "name": "n", **same}},
    }
    config = parsed(file)
    of_model, of_client = config.models["m"].config.default_options, config.clients["c"].default_options
    assert of_model == of_client == config.presets["top"]


@given(files())
def test_the_explanation_of_a_model_is_the_merge_of_its_sections(file: Data) -> None:
    config = parsed(file)
    for name, model in config.models.items():
        explanation, client = config.explain(name), config.clients[model.client].default_options
        assert explanation.options == merge(client or merge(), *model.layers.values())
        assert all(
            row.layer.partition(".")[2] in file[row.layer.partition(".")[0]] for row in explanation.rows
        )


def test_an_unknown_model_gets_a_suggestion() -> None:
    config = parsed(local(models={"fast": NEEDED["models"]}))
    with pytest.raises(ConfigurationError, match=r"^no model is named 'fats', did you mean fast\?$"):
        config.explain("fats")
    with pytest.raises(ConfigurationError, match=r"^name: expected the name of a model, got None$"):
        config.explain(None)  # type: ignore[arg-type] # as an untyped caller might


@given(sections())
@example({"omit": ["extra.user", "extra"]})
def test_every_omitted_path_is_omit(section: Data) -> None:
    values = flatten(preset(section))
    assert all(values[tuple(path.split("."))] is OMIT for path in section.get("omit", []))


@given(st.sampled_from([*FIELDS, "extra.a", "extra.a.b", "provider_options.a", "provider_options.a.b.c"]))
def test_a_section_with_only_omit_omits_that_path_and_sets_nothing(text: str) -> None:
    name, *rest = text.split(".", 1)
    path: Path = (name, *(rest[0].split(".", FIELDS[name].combination.depth - 1) if rest else []))
    assert preset({"omit": text}) == at_path(path, OMIT)


@given(objects)
def test_a_map_that_is_omitted_and_set_replaces_lower_maps(keys: Data) -> None:
    some = {"extra": {"user": 1, **keys}}
    assert flatten(preset({**some, "omit": "extra"})) == {("extra",): OMIT, **flatten(preset(some))}


@given(section_options())
def test_an_assignment_has_the_effect_of_a_section(options: Data) -> None:
    for name, value in options.items():
        assert assigned(f" {name} ={written(value)}", "--set") == preset({name: value})


@given(objects)
def test_an_assignment_inside_a_map_sets_one_key(keys: Data) -> None:
    for value in keys.values():
        assert assigned(f"extra.user={written(value)}", "--set") == preset({"extra": {"user": value}})


@pytest.mark.parametrize("text", ["reasoning=high", 'reasoning={"effort": "high"}'])
def test_an_assignment_of_reasoning_is_an_effort_or_an_object(text: str) -> None:
    assert assigned(text, "--set") == preset({"reasoning": {"effort": "high"}})


@pytest.mark.parametrize("text", ["stop=END", "tool_choice=5", "stop=true", "stop=5"])
def test_an_assigned_value_that_is_nothing_else_is_text(text: str) -> None:
    name, _, value = text.partition("=")
    assert [*flatten(assigned(text, "--set")).items()] == [(tuple(name.split(".")), value)]


INVALID_ASSIGNMENTS = (
    "seed|seed=|sed=1|seed.a=1|extra.=1|seed=null|=1|extra=5|extra={|provider_options.openai=1"
)


@pytest.mark.parametrize("text", INVALID_ASSIGNMENTS.split("|"))
def test_an_invalid_assignment_is_rejected_with_its_path(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^--set( .*)?: .+"):
        assigned(text, "--set")


# What is wrong with it.


@given(circles())
def test_a_cycle_of_presets_is_rejected_and_its_presets_are_named(presets: Data) -> None:
    (problem,) = problems_of({"presets": presets})
    path, around = problem.removesuffix("; remove one link").split(
        ".extends: presets extend each other in a cycle: "
    )
    circle = around.split(" -> ")
    assert path == f"presets.{circle[0]}" == f"presets.{circle[-1]}"
    assert all(below in presets[name]["extends"] for name, below in pairwise(circle))


def test_a_chain_of_a_thousand_presets_is_not_a_cycle() -> None:
    chain = {f"p{index}": {"extends": f"p{index + 1}"} for index in range(1000)}
    assert parsed({"presets": {**chain, "p1000": {"seed": 1}}}).presets["p0"].seed == 1


@given(files(), wrong_keys(WRONG_VALUES), wrong_keys(WRONG_VALUES), wrong_keys(WRONG_OF_CLIENTS))
def test_each_invalid_value_is_one_problem_that_begins_with_its_path(
    file: Data, one: Data, two: Data, three: Data
) -> None:
    wrong = {"presets": {"wrong": one}, "models": {"wrong": two}, "clients": {"wrong": three}}
    problems = problems_of(
        {
            kind: {**file[kind], "here": NEEDED[kind], "wrong": {**NEEDED[kind], **of["wrong"]}}
            for kind, of in wrong.items()
        }
    )
    paths = [f"{kind}.wrong.{key}" for kind, of in wrong.items() for key in of["wrong"]]
    assert len(problems) == len(paths)
    assert all(any(problem.startswith(path) for problem in problems) for path in paths)


@pytest.mark.parametrize("key", WRONG_OF_CLIENTS | WRONG_VALUES)
def test_each_invalid_value_is_rejected_on_one_line_with_a_remedy(key: str) -> None:
    for wrong in (WRONG_OF_CLIENTS | WRONG_VALUES)[key]:
        (problem,) = problems_of({"clients": {"a": {"provider": "local", key: wrong}}})
        assert re.fullmatch(rf"clients\.a\.{key}.*(; \w+|, did you mean |expected .*, got ).+", problem)


@given(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1), st.sampled_from(["presets", "models"]))
def test_all_unknown_keys_are_reported_at_once(keys: list[str], kind: str) -> None:
    section = {"client": "here", "name": "n"} if kind == "models" else {}
    problems = problems_of(local(**{kind: {"x": {**section, **dict.fromkeys(keys, 1)}}}))
    assert [problem.partition(": unknown option")[0] for problem in problems] == [
        f"{kind}.x.{k}" for k in keys
    ]


@given(misspelled)
def test_a_misspelled_key_gets_a_suggestion(slip_and_meant: tuple[str, str]) -> None:
    slip, meant = slip_and_meant
    assert problems_of({"presets": {"a": {slip: 1}}}) == (
        f"presets.a.{slip}: unknown option, did you mean {meant}?",
    )


@given(st.sets(st.sampled_from(["provider", "client", "name"]), min_size=1))
def test_each_missing_key_is_reported(missing: set[str]) -> None:
    client, model = {"provider": "local"}, {"client": "c", "name": "n"}
    kept = [{key: section[key] for key in section.keys() - missing} for section in (client, model)]
    problems = problems_of({"clients": {"c": kept[0]}, "models": {"m": kept[1]}})
    paths = {"provider": "clients.c.provider", "client": "models.m.client", "name": "models.m.name"}
    assert {*problems} == {f"{paths[key]}: missing; it is required" for key in missing}


@given(st.sampled_from(["clients", "presets", "models"]), names, st.sampled_from([None, 5, "x", [], True]))
def test_a_section_that_is_not_a_table_is_rejected_with_its_path(kind: str, name: str, wrong: object) -> None:
    whole, part = problems_of({kind: wrong}), problems_of({kind: {name: wrong}})
    assert [problem.split(": expected a table")[0] for problem in (*whole, *part)] == [kind, f"{kind}.{name}"]


@given(st.sampled_from(["clients", "presets", "models"]), st.sampled_from(["", 5, None, True]))
def test_a_name_that_is_not_text_is_rejected_with_its_path(kind: str, name: object) -> None:
    assert problems_of({kind: {name: {}}}) == (
        f"{kind}.{name}: expected a non-empty string as name, got {name!r}",
    )


@given(st.sampled_from(["client", "extends"]), names)
def test_a_dangling_reference_is_rejected_with_its_path(key: str, name: str) -> None:
    file = local(models={"m": {"client": "here", "name": "n", key: f"no {name}"}})
    (problem,) = problems_of(file)
    assert problem.startswith(f"models.m.{key}: no ")


_SET_AND_OMITTED = [
    ("seed", {"seed": 1}),
    ("stop", {"stop": []}),
    ("extra", {"extra": {}}),
    ("extra.a", {"extra": {"a": None, "b": 1}}),
    ("provider_options.openai.a", {"provider_options": {"openai": {"a": 1}}}),
]


@given(st.sampled_from(_SET_AND_OMITTED), st.sampled_from(["presets", "clients"]))
def test_a_path_that_is_both_set_and_omitted_is_rejected(
    path_and_options: tuple[str, Data], kind: str
) -> None:
    path, options = path_and_options
    (problem,) = problems_of({kind: {"a": {**options, "omit": [path], **NEEDED[kind]}}})
    assert problem == f"{kind}.a.omit: {path} is set in the same section; remove one of the two"


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"preset": {}}, {"$schema": "x"}, {5: {}}])
def test_a_file_without_sections_is_rejected(data: object) -> None:
    assert not is_successful(parse_config(data))


@given(any_data)
@example({"presets": {"a": {"top_p": 16**5000}}})
@example({"presets": {"a": {"stop": 16**5000}}})
@example({"presets": {"a": {"extra": {"a": nested(150)}, "stop": nested(150)}}})
@example({"presets": {"\ud800": {}}})
@example({"clients": {"a": {"provider": "local", "timeout": 16**5000}}})
def test_any_data_is_a_configuration_or_a_list_of_problems(data: object) -> None:
    assert str(parse_config(data))


@given(api_keys, wrong_keys(WRONG_OF_CLIENTS), st.sampled_from(["text", "list", "table"]))
def test_no_problem_shows_a_part_of_a_key(key: str, wrong: Data, shape: str) -> None:
    shapes = {"text": key, "list": [key], "table": {key: key}}
    text = "\n".join(problems_of({"clients": {"c": {**wrong, "api_key": shapes[shape], "sed": 1}}}))
    assert not any(part in text for part in parts(key))


@given(api_keys, api_keys, files())
@example("sk-000000000000", "sk-1", {"presets": {"a": {"seed": 312500000}}, "clients": {}, "models": {}})
def test_no_configuration_shows_a_part_of_a_key(key: str, other: str, file: Data) -> None:
    clients = [{"provider": "openai", "api_key": api_key} for api_key in (key, other)]
    files_with = [{**file, "clients": {**file["clients"], "c": client}} for client in clients]
    # What is shown does not depend on the key, so it tells nothing of it.
    assert len({repr(parsed(with_key)) for with_key in files_with}) == 1


def test_an_explanation_names_the_preset_that_sets_a_value_and_not_one_that_extends_it() -> None:
    base: Data = {"clients": {"c": {"provider": "local", "extends": "p"}}}
    presets = {"p": {"seed": 1}, "a": {"extends": "p", "seed": 2}, "b": {"extends": "p", "top_k": 3}}
    models = {"m": {"client": "c", "name": "n", "extends": ["a", "b"]}}
    explained = parsed({**base, "presets": presets, "models": models}).explain("m")
    assert (explained["seed"].layer, explained["seed"].overridden) == ("presets.p", (("presets.a", 2),))
    assert explained["top_k"].layer == "presets.b"
