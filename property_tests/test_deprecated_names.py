"""Deprecated names still work, with a warning."""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import given
from strategies import options

import casual_llm
from casual_llm.failures import (
    CallFailure,
    ConfigProblems,
    DecodeError,
    EncodeError,
    ErrorResponse,
    Incomplete,
    Malformed,
    ModelRefusal,
    ReadError,
    Repairable,
    SchemaMismatch,
    Truncated,
)
from casual_llm.options import Layer, Replace, resolve_for
from casual_llm.options.explain import explain

ALIASES = {
    ("casual_llm", "ConfigError"): ConfigProblems,
    ("casual_llm", "Only"): Replace,
    ("casual_llm", "sent"): resolve_for,
    ("casual_llm.options", "Only"): Replace,
    ("casual_llm.options", "sent"): resolve_for,
    ("casual_llm.errors", "ConfigError"): ConfigProblems,
    ("casual_llm.errors", "DecodeError"): DecodeError,
    ("casual_llm.errors", "EncodeError"): EncodeError,
    ("casual_llm.errors", "Failure"): CallFailure,
    ("casual_llm.errors", "Malformed"): Malformed,
    ("casual_llm.errors", "ReadError"): ReadError,
    ("casual_llm.errors", "Refused"): ErrorResponse,
    ("casual_llm.errors", "Truncated"): Truncated,
    ("casual_llm.failures", "ConfigError"): ConfigProblems,
    ("casual_llm.failures", "CutOff"): Incomplete,
    ("casual_llm.failures", "Declined"): ModelRefusal,
    ("casual_llm.failures", "DoesNotFit"): SchemaMismatch,
    ("casual_llm.failures", "Mendable"): Repairable,
    ("casual_llm.failures", "Refused"): ErrorResponse,
}


@pytest.mark.parametrize(("module", "name"), ALIASES)
def test_a_deprecated_name_is_the_new_one_and_warns(module: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=rf"^{module}\.{name} is deprecated; use casual_llm\..+"):
        assert getattr(import_module(module), name) is ALIASES[module, name]


@pytest.mark.parametrize("module", sorted({module for module, _ in ALIASES}))
def test_a_name_that_never_existed_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'onyl'"):
        getattr(import_module(module), "onyl")  # noqa: B009 # a type checker knows that it is not there


def test_no_deprecated_name_is_in_all() -> None:
    assert {name for module, name in ALIASES if module == "casual_llm"}.isdisjoint(casual_llm.__all__)


@given(options, options)
def test_a_deprecated_property_of_a_row_is_the_new_one_and_warns(a: Layer, b: Layer) -> None:
    for row in explain(a=a, b=b).rows:
        with pytest.warns(DeprecationWarning, match=r"^Row\.place is deprecated; use Row\.dotted_path$"):
            assert row.place == row.dotted_path
        with pytest.warns(DeprecationWarning, match=r"^Row\.overrode is deprecated; use Row\.overridden$"):
            assert row.overrode == row.overridden
