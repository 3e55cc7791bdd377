"""API keys are looked up in a fixed order and never shown; settings of clients are validated."""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from settings_strategies import api_keys
from strategies import json_objects, texts

from casual_llm.config import (
    ClientConfig,
    ModelConfig,
    Provider,
    Timeout,
    address_of,
    key_variables,
    resolve_api_key,
)
from casual_llm.errors import ConfigurationError
from casual_llm.redaction import redact

keys = st.text(string.ascii_letters + string.digits + "-_./+=", min_size=8, max_size=24)
_names = st.text("aZ9-._", min_size=1, max_size=6)
_environments = st.fixed_dictionaries(
    {}, optional={"OPENAI_API_KEY": keys, "GROQ_API_KEY": keys, "LOCAL_API_KEY": keys}
)
_seconds = st.floats(0, 10**8, exclude_min=True) | st.integers(1, 10**8)


@given(st.sampled_from(["openai", "local"]), st.none() | _names, keys, _environments)
def test_an_explicit_key_wins(provider: str, name: str | None, key: str, environ: dict[str, str]) -> None:
    assert resolve_api_key(ClientConfig(provider=provider, name=name, api_key=key), environ) == key


@given(keys, keys)
def test_the_variable_of_the_clients_name_comes_before_that_of_its_provider(named: str, own: str) -> None:
    environ = {"OPENAI_API_KEY": own, "MY_PROXY_EU_API_KEY": named}
    assert resolve_api_key(ClientConfig(provider="openai", name="my-proxy.eu"), environ) == named


@given(st.none() | _names.map("n".__add__), keys)
def test_the_variable_of_the_provider_comes_last(name: str | None, own: str) -> None:
    assert resolve_api_key(ClientConfig(provider="openai", name=name), {"OPENAI_API_KEY": own}) == own


@given(_environments.map(lambda environ: {**environ, "OPENAI_API_KEY": "", "GROQ_API_KEY": ""}))
@example({})
def test_an_empty_variable_holds_no_key(environ: dict[str, str]) -> None:
    assert resolve_api_key(ClientConfig(provider="openai", name="groq", api_key=""), environ) is None


@given(st.none() | _names, keys)
def test_the_key_of_another_provider_is_never_used(name: str | None, key: str) -> None:
    assert resolve_api_key(ClientConfig(provider="local", name=name), {"OPENAI_API_KEY": key}) is None


@given(st.sampled_from(["openai", "local"]), _names)
def test_the_variables_that_are_tried_are_in_capitals(provider: str, name: str) -> None:
    tried = "".join(key_variables(ClientConfig(provider=provider, name=name)))
    assert set(tried) <= {*string.ascii_uppercase, *string.digits, "_"}


@given(st.sampled_from(list(Provider)), st.integers(0, 6))
def test_a_provider_is_recognised_in_any_case(provider: Provider, cut: int) -> None:
    written = provider[:cut].upper() + provider[cut:]
    assert ClientConfig(provider=written).provider is provider


@pytest.mark.parametrize("provider", ["opnai", "", None, 5])
def test_an_unknown_provider_is_rejected_and_the_known_ones_are_listed(provider: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"Unknown provider .*openai, anthropic, ollama, local"):
        ClientConfig(provider=provider)


@given(texts, texts, json_objects)
@example("k", "sk-secret", {})
def test_the_repr_of_a_config_does_not_depend_on_its_key(
    first: str, second: str, further: dict[str, Any]
) -> None:
    shown = {repr(ClientConfig(provider="openai", api_key=k, extra_kwargs=further)) for k in (first, second)}
    assert len(shown) == 1


@given(json_objects)
def test_the_repr_of_a_config_shows_only_the_names_of_extra_arguments(further: dict[str, Any]) -> None:
    secret = ClientConfig(provider="openai", extra_kwargs={**further, "headers": "Bearer sk-secret"})
    assert "sk-secret" not in f"{secret!r} {secret}"


@given(texts, keys, texts)
@example("Incorrect API key provided: ", "sk-ab***yz", ".")
def test_redaction_removes_every_occurrence_of_the_key(before: str, key: str, after: str) -> None:
    assert key not in redact(f"{before}{key}{after}{key}", key)


@given(texts, keys.map(lambda key: key + "1234567"))
@example("key-", "abcd.efghijklmnopqrst")
@example("sk-", "abcd.efghijklmnopqrst")
def test_no_end_of_a_key_remains_after_text_that_looks_like_a_key(before: str, key: str) -> None:
    assert key[-8:] not in redact(f"no access with {before}{key}", key)


@given(texts, keys, st.integers(4, 40), st.sampled_from(["", "'", '"']))
def test_a_truncated_key_is_removed(before: str, key: str, cut: int, quote: str) -> None:
    assert not redact(f"{before} {key[:cut]}{quote}", key).endswith(key[:cut])


def test_words_in_bold_are_not_taken_for_keys() -> None:
    assert redact("Please **upgrade** your plan.", "sk-secret") == "Please **upgrade** your plan."


@given(keys, st.integers(2, 5), st.integers(2, 5))
@example("ab*cdefwxyz", 7, 4)
def test_a_key_that_the_provider_masked_is_removed_with_its_visible_ends(
    key: str, head: int, tail: int
) -> None:
    masked = f"{key[:head]}****{key[-tail:]}"
    assert redact(f"Incorrect API key: {masked}", None) == "Incorrect API key: [key removed]"


@given(st.text(" é:,!", max_size=20), st.none() | keys)
def test_a_text_without_a_key_is_unchanged(text: str, key: str | None) -> None:
    assert redact(text, key) == text


@pytest.mark.timeout(10)
@pytest.mark.parametrize("letter", ["a", "*", "-"])
def test_a_long_text_is_searched_in_linear_time(letter: str) -> None:
    # Servers quote the request in their errors, and with it whole images.
    assert redact(f"no {letter}" + "a" * 200_000, "sk-secret").startswith("no ")


@given(_seconds)
def test_a_plain_number_limits_each_phase_and_not_the_total(seconds: float) -> None:
    timeout = Timeout.of(seconds)
    assert timeout.read == timeout.write == timeout.pool == float(seconds)
    assert timeout.total is None


@given(_seconds)
def test_connecting_never_takes_more_than_ten_seconds(seconds: float) -> None:
    assert Timeout.of(seconds).connect == min(float(seconds), 10.0)


def test_without_a_timeout_no_phase_is_limited() -> None:
    assert ClientConfig(provider="openai", timeout=None).timeout == Timeout(
        connect=None, read=None, write=None, pool=None
    )


@given(st.builds(Timeout, total=st.none() | st.floats(1, 9)))
def test_a_timeout_is_accepted_as_it_is(timeout: Timeout) -> None:
    assert Timeout.of(timeout) is timeout


@pytest.mark.parametrize(
    "seconds",
    [0, 0.0, -1, float("inf"), float("nan"), True, "5", 1e10, 10**400],
    ids=lambda seconds: repr(seconds)[:8],
)
def test_an_invalid_timeout_is_rejected(seconds: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"timeout: .*; use seconds"):
        ClientConfig(provider="openai", timeout=seconds)


@pytest.mark.parametrize("phase", ["connect", "read", "write", "pool", "total"])
@pytest.mark.parametrize("seconds", [0, -1.5, float("inf"), float("nan"), True, "5"])
def test_an_invalid_limit_is_rejected_with_its_path(phase: str, seconds: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=rf"Timeout\.{phase}: .*; use seconds"):
        Timeout(**{phase: seconds})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("base_url", b"http://a"),
        ("api_key", 5),
        ("api_key", b"sk-secret"),
        ("extra_kwargs", ["a"]),
    ],
)
def test_a_client_setting_of_the_wrong_type_is_rejected_and_not_shown(field: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=rf"{field}: expected a \w+, got (an? \w+|None)$"):
        ClientConfig(provider="openai", **{field: value})


@pytest.mark.parametrize(("field", "value"), [("name", None), ("name", 5), ("default_options", {"seed": 1})])
def test_a_model_setting_of_the_wrong_type_is_rejected(field: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(
        ConfigurationError, match=rf"ModelConfig\.{field}: expected a \w+, got (an? \w+|None)"
    ):
        ModelConfig(**{"name": "m", field: value})


@pytest.mark.parametrize("config", [partial(ClientConfig, provider="openai"), partial(ModelConfig, name="m")])
def test_an_invalid_system_message_handling_is_rejected(config: Callable[..., object]) -> None:
    path = r"(Client|Model)Config\.system_message_handling"
    with pytest.raises(ConfigurationError, match=path + ": expected one of keep, merge, got .*"):
        config(system_message_handling="drop")


@given(st.sampled_from(["http", "https", "HTTPS"]), st.sampled_from(["a.example", "localhost:8000", "[::1]"]))
def test_a_base_url_is_kept_except_for_trailing_slashes(scheme: str, host: str) -> None:
    assert address_of(f"{scheme}://{host}/v1//") == f"{scheme}://{host}/v1"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a.example",
            "ftp://a.example",
            "http://",
            "http://[::1",
            "http://a:b",
            "http://a:0",
            "http://a b",
        ),
        *("http://a\x00", "http://u:p@a", "http://a?key=sk-secret", "http://a#sk-secret", 5, None),
    ],
)
def test_an_invalid_base_url_is_rejected_without_showing_a_secret_in_it(text: object) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^clients\.c\.base_url: .*(; use |expected a string)"
    ) as refused:
        address_of(text, "clients.c.base_url")
    assert "u:p" not in str(refused.value)
    assert "?key=sk-secret" not in str(refused.value)


@given(api_keys, api_keys)
def test_error_messages_do_not_depend_on_a_password_in_a_url(secret: str, other: str) -> None:
    addresses = [f"http://user:{text}@box/v1?key={text}" for text in (secret, other)]
    assert len({repr(ClientConfig(provider="openai", base_url=address)) for address in addresses}) == 1
