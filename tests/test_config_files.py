"""Configuration files that are right: what is read from them, and the models they give."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.fakes import ASK, JSON, WHOLE, FakeTransport

from casual_llm import (
    OMIT,
    ChatOptions,
    Config,
    ConfigurationError,
    Models,
    Provider,
    Reasoning,
    Replace,
    Timeout,
    load,
    load_config,
)

TOML = """\
# Where the calls go.
[clients.here]
provider = "local"
seed = 1

[clients.openrouter]
provider = "openai"
base_url = "https://openrouter.ai/api/v1"
timeout = { read = 120, total = 300 }
extra.user = "u-1"

[presets.precise]
temperature = 0.0
stop = ["END", "STOP"]

[presets.short]
extends = "precise"
max_tokens = 40

[models.fast]
client = "here"
name = "smollm2"
extends = ["short"]

[models.strong]
client = "openrouter"
name = "big"
extends = "precise"
temperature = 0.5
omit = ["stop"]
"""
DATA = {
    "clients": {
        "here": {"provider": "local", "seed": 1},
        "openrouter": {
            "provider": "openai",
            "base_url": "https://openrouter.ai/api/v1",
            "timeout": {"read": 120, "total": 300},
            "extra": {"user": "u-1"},
        },
    },
    "presets": {
        "precise": {"temperature": 0.0, "stop": ["END", "STOP"]},
        "short": {"extends": "precise", "max_tokens": 40},
    },
    "models": {
        "fast": {"client": "here", "name": "smollm2", "extends": ["short"]},
        "strong": {
            "client": "openrouter",
            "name": "big",
            "extends": "precise",
            "temperature": 0.5,
            "omit": ["stop"],
        },
    },
}
YAML = """\
clients:
  here: {provider: local, seed: 1}
  openrouter:
    provider: openai
    base_url: https://openrouter.ai/api/v1
    timeout: {read: 120, total: 300}
    extra: {user: u-1}
presets:
  precise:
    temperature: 0.0
    stop: [END, STOP]
  short: {extends: precise, max_tokens: 40}
models:
  fast: {client: here, name: smollm2, extends: [short]}
  strong:
    client: openrouter
    name: big
    extends: precise
    temperature: 0.5
    omit: [stop]
"""
FORMATS = {"c.toml": TOML, "c.json": json.dumps(DATA), "c.yaml": YAML, "c.yml": YAML, "C.TOML": TOML}
KEY = "sk-proj-abcdefghijklmnop1234"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(TOML)
    return file


def over(config: Config, *transports: FakeTransport) -> Models:
    """The models of a config, whose clients of OpenAI reach no further than the transports."""
    named = [name for name, client in config.clients.items() if client.provider is Provider.OPENAI]
    clients = {
        name: evolve(config.clients[name], extra_kwargs={"transport": transport})
        for name, transport in zip(named, transports, strict=True)
    }
    return Models(evolve(config, clients={**config.clients, **clients}))


def saved(path: Path, text: str) -> Config:
    path.write_text(text)
    return load_config(path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_each_format_says_the_same(path: Path, name: str) -> None:
    other = path.with_name(name)
    other.write_text(FORMATS[name])
    assert load_config(str(other)) == load_config(path)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_editor_of_a_file_does_not_matter(path: Path, name: str, encoding: str) -> None:
    other = path.with_name(name)
    other.write_bytes(FORMATS[name].replace("\n", "\r\n").encode(encoding))
    assert load_config(other) == load_config(path)


def test_clients_presets_and_models_are_values(path: Path) -> None:
    config = load_config(path)
    assert config.clients["openrouter"].timeout == Timeout(read=120, total=300)
    assert config.clients["openrouter"].name == "openrouter"
    assert config.presets["short"] == ChatOptions(temperature=0.0, stop=["END", "STOP"], max_tokens=40)
    assert config.models["fast"].config.default_options == config.presets["short"]
    assert config.models["strong"].config.default_options == ChatOptions(temperature=0.5, stop=OMIT)


def test_names_may_hold_dots_blanks_and_letters_of_any_kind(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[presets."a.b"]\nseed = 1\n[presets." "]\nextends = "a.b"\n[presets."é🦙"]\nextends = " "'
    )
    assert {*load_config(file).presets.values()} == {ChatOptions(seed=1)}
    file.write_text('[presets.extends]\nseed = 1\n[presets.omit]\nextends = "extends"\nomit = "seed"')
    assert load(file).preset("omit") == ChatOptions(seed=OMIT)


def test_json_is_yaml(tmp_path: Path) -> None:
    for name in ("a.json", "a.yaml"):
        (tmp_path / name).write_text(
            r'{"presets": {"\ud83e\udd99": {"stop": ["\/\u00e9\ud83e\udd99", "\t"]}}}'
        )
    assert load_config(tmp_path / "a.yaml") == load_config(tmp_path / "a.json")


def test_a_schema_may_be_named_for_the_editor(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"$schema": "config.schema.json", **DATA}))
    assert load_config(file).models.keys() == {"fast", "strong"}


def test_tools_and_schemas_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "presets:\n"
        "  a:\n"
        "    tools: [{name: weather, parameters: {properties: {city: {type: string}}, required: [city]}}]\n"
        "    response_format: {name: Age, schema: {type: integer}, strict: true}\n"
        "    omit: [extra, provider_options.openai]\n"
        "    extra: {user: u-1, logit_bias: null}\n"
    )
    options = load(file).preset("a")
    assert options.tools
    assert options.tools is not OMIT
    assert options.tools[0].input_schema["required"] == ["city"]
    assert options.extra == Replace({"user": "u-1", "logit_bias": None})
    assert options.provider_options == {"openai": OMIT}


@pytest.mark.parametrize("name", [None, 5, ["fast"]])
def test_a_name_of_the_wrong_type_is_refused(path: Path, name: Any) -> None:  # noqa: ANN401
    models = load(path)
    for get, kind in ((models.model, "model"), (models.client, "client"), (models.preset, "preset")):
        with pytest.raises(
            ConfigurationError, match=f"^name: expected the name of a {kind}, got (an? |None)"
        ):
            get(name)


async def test_a_model_of_a_file_answers(path: Path) -> None:
    async with load(path) as models:
        reply = await models.model("fast").chat(ASK)
    assert reply.content == "The capital of France is Paris."


async def test_what_is_sent_comes_from_client_presets_model_and_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    transport = FakeTransport((WHOLE,), JSON)
    await over(load_config(path), transport).model("strong").chat(ASK, ChatOptions(seed=3))
    body = json.loads(transport.requests[0].body)
    del body["messages"]
    assert body == {"model": "big", "temperature": 0.5, "seed": 3, "user": "u-1"}
    assert transport.requests[0].url == "https://openrouter.ai/api/v1/chat/completions"


@pytest.mark.parametrize(
    ("environ", "section", "key"),
    [
        ({"OPENROUTER_API_KEY": "sk-1", "OPENAI_API_KEY": "sk-2"}, "", "sk-1"),
        ({"MY_PROXY_API_KEY": "sk-3", "OPENROUTER_API_KEY": "sk-1"}, 'name = "my-proxy"\n', "sk-3"),
        ({"OPENROUTER_API_KEY": "sk-1"}, 'api_key = "sk-4"\n', "sk-4"),
    ],
)
async def test_a_key_is_looked_up_by_the_name_of_the_section(
    path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], section: str, key: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    config = saved(path, TOML.replace('provider = "openai"\n', f'provider = "openai"\n{section}'))
    transport = FakeTransport((WHOLE,), JSON)
    await over(config, transport).model("strong").chat(ASK)
    assert transport.requests[0].headers["authorization"] == f"Bearer {key}"


def test_a_key_is_shown_nowhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    path.write_text(TOML.replace('provider = "openai"\n', f'provider = "openai"\napi_key = "{KEY}"\n'))
    models = load(path)
    with pytest.raises(ConfigurationError) as caught:
        models.model("storng")
    shown = [models, models.config, models.client("openrouter"), models.model("strong"), caught.value]
    assert not any("abcdef" in f"{value!r} {value}" for value in shown)


def test_models_show_their_names(path: Path) -> None:
    assert repr(load(path)) == "Models(fast, strong)"


async def test_the_models_of_a_client_share_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    transport = FakeTransport((WHOLE,), JSON)
    models = over(saved(path, TOML.replace('client = "here"', 'client = "openrouter"')), transport)
    for name in ("fast", "strong", "fast"):
        await models.model(name).chat(ASK)
    assert transport.opened == 3
    assert models.client("openrouter") is models.client("openrouter")


async def test_models_of_one_name_do_not_share_their_usage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    models = over(load_config(path), FakeTransport((WHOLE,), JSON))
    one, two = models.model("strong"), models.model("strong")
    await one.chat(ASK)
    assert (one.ledger.calls, two.ledger.calls) == (1, 0)


async def test_leaving_the_models_closes_their_clients(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    transport = FakeTransport((WHOLE,), JSON)
    async with over(load_config(path), transport) as models:
        await models.model("strong").chat(ASK)
        assert transport.opened == 1
    assert transport.opened == 0


async def test_closing_goes_on_when_a_client_does_not_close(path: Path) -> None:
    class Stuck(FakeTransport):
        async def aclose(self) -> None:
            raise OSError("stuck")

    section = f'provider = "openai"\napi_key = "{KEY}"\n'
    config = saved(path, f"[clients.a]\n{section}[clients.b]\n{section}")
    stuck, other = Stuck((WHOLE,), JSON), FakeTransport((WHOLE,), JSON, opened=1)
    models = over(config, stuck, other)
    assert models.client("a") is not models.client("b")
    with pytest.raises(OSError, match="stuck"):
        await models.aclose()
    assert other.opened == 0


async def test_models_that_made_no_client_have_nothing_to_close(path: Path) -> None:
    async with load(path) as models:
        assert models.preset("precise").temperature == 0.0


def test_a_config_explains_a_model(path: Path) -> None:
    explanation = load_config(path).explain("strong", call=ChatOptions(max_tokens=5))
    table = re.sub(r" +", " ", str(explanation)).splitlines()
    assert "stop OMIT models.strong ('END', 'STOP') (presets.precise)" in table
    assert "temperature 0.5 models.strong 0.0 (presets.precise)" in table
    assert "extra.user 'u-1' clients.openrouter" in table
    assert "max_tokens 5 call" in table


@pytest.mark.parametrize(
    "written",
    ['reasoning = "high"', 'reasoning = {effort = "high"}', '[models.m.reasoning]\neffort = "high"'],
)
def test_reasoning_is_an_effort_or_a_table(tmp_path: Path, written: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f'[clients.c]\nprovider = "local"\n[models.m]\nclient = "c"\nname = "n"\n{written}\n')
    options = load_config(file).models["m"].config.default_options
    assert options == ChatOptions(reasoning=Reasoning(effort="high"))
