"""A secret is never shown: in no text, pickle or traceback."""

from __future__ import annotations

import copy
import json
import pickle
import string
from collections.abc import Callable
from traceback import TracebackException
from typing import Any

import pytest
from attrs import asdict
from hypothesis import example, given, strategies as st
from strategies import texts

from casual_llm.config import ClientConfig
from casual_llm.config.connection import find_key, key_variables
from casual_llm.errors import ConfigurationError
from casual_llm.redaction import Secret, as_secret, redact

keys = st.text(string.ascii_letters + string.digits + "-_", min_size=8).map("sk-".__add__)
SHOWN: dict[str, Callable[[Secret], object]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "of a list": lambda secret: f"{[secret]}",
    "dir": dir,
    "slots": lambda secret: [getattr(secret, name) for name in type(secret).__slots__],
    "config": lambda secret: ClientConfig(provider="openai", api_key=secret),
    "fields of a config": lambda secret: asdict(ClientConfig(provider="openai", api_key=secret)),
}


@given(keys)
@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_no_repr_or_text_of_an_object_shows_a_secret(show: Callable[[Secret], object], key: str) -> None:
    assert key not in str(show(Secret(key)))


@given(keys)
@pytest.mark.parametrize("write", [vars, json.dumps, pickle.dumps, "%d".__mod__])
def test_serialising_a_secret_is_rejected_without_showing_it(
    write: Callable[[Secret], object], key: str
) -> None:
    with pytest.raises(TypeError) as refused:
        write(Secret(key))
    assert key not in str(refused.value)


@given(keys)
def test_json_with_str_as_default_writes_the_redacted_text(key: str) -> None:
    assert json.loads(json.dumps([Secret(key)], default=str)) == ["Secret('***')"]


WRONG: list[dict[str, Any]] = [{"timeout": -1}, {"name": 5}, {"extra_kwargs": 5}, {"provider": "opnai"}]


@given(keys)
@pytest.mark.parametrize("wrong", WRONG)
def test_no_traceback_with_local_variables_shows_the_key_of_a_config(wrong: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ClientConfig(**{"provider": "openai", "api_key": key, **wrong})
    ours = TracebackException.from_exception(raised.value, capture_locals=True).stack[1:]
    assert ours
    assert key not in f"{[frame.locals for frame in ours]}"


@given(texts, texts)
def test_secrets_with_equal_texts_are_equal_and_have_equal_hashes(first: str, second: str) -> None:
    assert (Secret(first) == Secret(second)) == (first == second)
    assert hash(Secret(first)) == hash(Secret(first))
    assert Secret(first) != first


@given(texts)
def test_a_copy_of_a_secret_is_the_secret(text: str) -> None:
    secret = Secret(text)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


@given(texts)
def test_revealing_a_secret_returns_its_text(text: str) -> None:
    assert Secret(text).reveal() == text
    assert Secret(text).stripped().reveal() == text.strip()
    assert bool(Secret(text)) == bool(text)


@given(st.none() | texts.map(Secret))
def test_a_secret_and_none_are_accepted_unchanged(key: Secret | None) -> None:
    assert as_secret(key) is key


@given(texts, st.text(min_size=1))
@example("k\ud800", "\ud800")
def test_redacting_by_a_secret_is_redacting_by_its_text(text: str, key: str) -> None:
    assert redact(f"{text}{key}", Secret(key)) == redact(f"{text}{key}", key)


@given(keys)
def test_a_config_has_the_key_it_was_given(key: str) -> None:
    plain, hidden = (ClientConfig(provider="openai", api_key=k) for k in (key, Secret(key)))
    assert (plain.api_key, plain.secret) == (key, Secret(key))
    assert (plain, hash(plain)) == (hidden, hash(hidden))
    assert copy.copy(plain) is copy.deepcopy(plain) is plain


@given(keys)
def test_a_config_with_a_key_cannot_be_pickled(key: str) -> None:
    arguments: list[dict[str, Any]] = [{"api_key": key}, {"extra_kwargs": {"api_key": key}}]
    for some in arguments:
        with pytest.raises(TypeError, match="cannot be pickled; ") as refused:
            pickle.dumps(ClientConfig(provider="openai", **some))
        assert key not in str(refused.value)


def test_a_config_without_a_key_is_equal_after_unpickling() -> None:
    config = ClientConfig(provider="openai", name="a", timeout=5, extra_kwargs={"organization": "o"})
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 # bytes of our own


@given(keys, keys)
def test_the_variable_of_another_vendor_is_never_tried(own: str, foreign: str) -> None:
    config = ClientConfig(provider="openai")
    variables = key_variables(config, "GROQ_API_KEY", {"OPENAI_API_KEY"})
    assert find_key(config, {"OPENAI_API_KEY": foreign, "GROQ_API_KEY": own}, variables) == Secret(own)
