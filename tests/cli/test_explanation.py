"""`casual-llm explain`: where the options of a model of a file come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli.commands import run
from cli.model_files import ANOTHER, FILE
from cli.screen import on_screen
from cli.terminal import terminal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(FILE)
    return path


def rows(file: Path, *flags: str) -> dict[str, Any]:
    explained = json.loads(run("explain", "--config", str(file), "--json", *flags).stdout)
    return {row["place"]: row for row in explained["rows"]}


def client_and_model(file: Path, client: str, model: str) -> Path:
    """Write a file of one client and one model with these lines."""
    sections = (
        f'[clients.here]\nprovider = "local"\n{client}\n[models.fast]\nclient = "here"\nname = "m"\n{model}'
    )
    file.write_text(sections)
    return file


def test_each_option_is_listed_with_its_value_its_layer_and_what_it_overrides(file: Path) -> None:
    result = run("explain", "--config", str(file), "--set", "temperature=0.9")
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout == (
        "option       value  from             overrides\n"
        "max_tokens   200    clients.here\n"
        "temperature  0.9    --set            0.2 (models.fast), 0.0 (presets.precise)\n"
        "stop         OMIT   models.fast      'END' (clients.here)\n"
        "seed         7      presets.precise\n"
        "\n"
        "client   here (local)\n"
        "model    fast (smollm2)\n"
        "not set  response_format, tools, top_p, tool_choice, parallel_tool_calls, reasoning, "
        "frequency_penalty, presence_penalty, top_k, "
        "extra, provider_options, system_message_handling, strict\n"
    )


def test_json_is_one_object_on_one_line(file: Path) -> None:
    result = run("explain", "--config", str(file), "--json")
    explained = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert [*explained] == ["model", "client", "provider", "name", "rows", "unset"]
    assert [explained[key] for key in ("model", "client", "provider", "name")] == [
        "fast",
        "here",
        "local",
        "smollm2",
    ]
    assert "top_p" in explained["unset"]
    assert explained["rows"][1] == {
        "place": "temperature",
        "value": 0.2,
        "layer": "models.fast",
        "overrode": [{"place": "temperature", "value": 0.0, "layer": "presets.precise"}],
    }


def test_an_option_that_is_omitted_has_no_value_in_json(file: Path) -> None:
    client_and_model(file, 'extra = { stop = { omit = true } }\nomit = "stop"', "")
    listed = rows(file)
    assert listed["stop"] == {"place": "stop", "omit": True, "layer": "clients.here", "overrode": []}
    assert listed["extra.stop"]["value"] == {"omit": True}
    assert "omit" not in listed["extra.stop"]


def test_json_lists_each_key_of_a_map_that_was_omitted_whole(file: Path) -> None:
    client_and_model(file, 'extra = { user = { id = 1 } }\nomit = "extra.seed"', 'omit = "extra"')
    assert rows(file)["extra"]["overrode"] == [
        {"place": "extra.seed", "omit": True, "layer": "clients.here"},
        {"place": "extra.user", "value": {"id": 1}, "layer": "clients.here"},
    ]


@pytest.mark.parametrize(("place", "value"), [("extra", {}), ("extra.user", {"id": 1})])
def test_json_shows_an_omitted_object_as_the_value_it_is(
    file: Path, place: str, value: dict[str, int]
) -> None:
    client_and_model(file, f"{place} = {'{ id = 1 }' if value else '{}'}", f'omit = "{place}"')
    assert rows(file)[place]["overrode"] == [{"place": place, "value": value, "layer": "clients.here"}]


def test_json_writes_tools_and_schemas_as_a_file_does(file: Path) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"name": "weather", "description": "Weather of a city.", "parameters": schema}
    answer = {"name": "Weather", "schema": schema, "strict": True}
    flags = ["--set", f"tools={json.dumps([tool])}", "--set", f"response_format={json.dumps(answer)}"]
    listed = rows(file, *flags)
    assert listed["tools"]["value"] == [tool]
    assert listed["response_format"]["value"] == answer


def test_tools_are_shown_by_name(file: Path) -> None:
    result = run("explain", "--config", str(file), "--set", 'tools=[{"name": "weather"}, {"name": "ping"}]')
    assert "tools        [weather, ping]  --set" in result.stdout


def test_assignments_are_merged_from_left_to_right(file: Path) -> None:
    flags = [
        "--set",
        "temperature=0.4",
        "--set",
        "extra.a=1",
        "--set",
        "extra.b=2",
        "--set",
        "temperature=0.6",
    ]
    listed = rows(file, *flags)
    assert [listed[place]["value"] for place in ("temperature", "extra.a", "extra.b")] == [0.6, 1, 2]


def test_an_omission_overrides_the_file(file: Path) -> None:
    listed = rows(file, "--omit", "seed", "--omit", "extra.user")
    assert [listed[place]["omit"] for place in ("seed", "extra.user")] == [True, True]
    assert listed["seed"]["overrode"] == [{"place": "seed", "value": 7, "layer": "presets.precise"}]


def test_a_map_can_be_omitted_and_a_key_of_it_set(file: Path) -> None:
    client_and_model(file, "extra = { user = 1, seed = 2 }", "")
    listed = rows(file, "--omit", "extra", "--set", "extra.user=3")
    assert {place: row.get("value") for place, row in listed.items()} == {"extra": None, "extra.user": 3}


def test_where_all_options_are_set_none_is_listed_as_not_set(file: Path) -> None:
    unset = json.loads(run("explain", "--config", str(file), "--json").stdout)["unset"]
    flags = [flag for option in unset for flag in ("--omit", option)]
    assert "not set" not in run("explain", "--config", str(file), *flags).stdout


def test_a_model_is_chosen_by_its_name(file: Path) -> None:
    file.write_text(FILE + ANOTHER)
    assert rows(file, "--model", "playful")["temperature"]["value"] == 1.2


def test_piped_text_is_never_shortened_or_styled(file: Path) -> None:
    result = run("explain", "--config", str(file), "--set", f"extra.user={'z' * 500}", FORCE_COLOR="1")
    assert "z" * 500 in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("columns", [200, 80, 40, 39, 5])
def test_a_terminal_of_any_width_shows_all(file: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    values = ["--set", f"extra.user={'z' * 500}", "--set", f"stop={'ж' * 100}"]
    shown = on_screen(monkeypatch, columns, "explain", "--config", str(file), *values)
    assert (shown.count("z"), shown.count("ж")) == (500, 100)


def test_a_terminal_shows_long_names_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(FILE.replace("smollm2", "z" * 300).replace("fast", "Q" * 300))
    shown = on_screen(monkeypatch, 80, "explain", "--config", str(file))
    assert shown.count("z") == 300
    assert shown.count("Q") == 300 * 3


def test_a_terminal_shows_a_table_no_wider_than_itself(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = (
        on_screen(monkeypatch, 60, "explain", "--config", str(file))
        .replace("\x1b[1m", "")
        .replace("\x1b[0m", "")
    )
    assert "─" * 60 in shown
    assert max(map(len, shown.splitlines())) == 60


def test_a_table_lists_overridden_values_line_by_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_screen(monkeypatch, 200, "explain", "--config", str(file), "--set", "temperature=0.9")
    lines = [line.strip() for line in shown.splitlines()]
    after = lines.index("0.0 (presets.precise)")
    assert lines[after - 1].endswith("0.2 (models.fast)")


def test_brackets_in_a_value_are_no_markup(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_screen(monkeypatch, 200, "explain", "--config", str(file), "--set", "stop=[bold] :smile:")
    assert "'[bold] :smile:'" in shown


@pytest.mark.parametrize("columns", [200, 20])
def test_names_in_a_file_cannot_command_the_terminal(
    file: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    red = "\\u001b[31m"
    file.write_text(
        f'[clients."{red}c"]\nprovider = "local"\nextra = {{ "{red}e" = "{red}v" }}\n'
        f'[presets."{red}p"]\nextra = {{ "{red}e" = 1 }}\n'
        f'[models."{red}m"]\nclient = "{red}c"\nname = "{red}n"\nextends = "{red}p"'
    )
    shown = on_screen(monkeypatch, columns, "explain", "--config", str(file))
    assert "\x1b[31m" not in shown
    assert [name for name in "cevpmn" if f"\\x1b[31m{name}" not in shown] == []


def test_letters_that_cannot_be_printed_are_escaped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["explain", "--config", str(file), "--set", "stop=é"]
    assert "'\\xe9'" in run(*flags, charset="ascii").stdout
    assert "'\\xe9'" in on_screen(monkeypatch, 200, *flags, encoding="ascii")


def test_a_real_terminal_shows_the_table(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with terminal("explain", "--config", str(file)) as person:
        assert "overrides" in person.see("presets.precise")
        assert "smollm2" in person.see("not set")
        assert person.leave() == 0
