"""How much a model reasons before it answers, and what of that is returned.

Providers measure it in words (`effort`) or in tokens (`budget_tokens`). The two exclude each other, because
no provider takes both; each is translated where a model knows only the other one, by the table `BUDGETS` of
`wire/capabilities.py`, and the translation is reported as a loss of kind `replaced`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from attrs import field, frozen

from casual_llm.frozen import Json
from casual_llm.options.field_types import FieldType, flag, integer, one_of
from casual_llm.validation import collect_errors, expected, invalid, join_path, unknown

ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model reasons, from not at all to as much as it can."""

_FIELDS: Final[Mapping[str, FieldType]] = {
    "effort": one_of(*get_args(ReasoningEffort)),
    "budget_tokens": integer(1),
    "show": flag,
    "between_tools": flag,
}


def _check(values: Mapping[str, object], path: str) -> None:
    def check(name: str, parent: str) -> None:
        if name not in _FIELDS:
            raise unknown(parent, name, _FIELDS, "field")
        _FIELDS[name].check(values[name], join_path(parent, name))

    collect_errors(check, values, path)
    if not values:
        raise invalid(path, "no field is set", f"set one of {', '.join(_FIELDS)}")
    if {"effort", "budget_tokens"} <= values.keys():
        raise invalid(path, "effort and budget_tokens exclude each other", "set only one of the two")


@frozen(kw_only=True, repr=False)
class Reasoning:
    """How much a model reasons; a field that is `None` is not sent, and at least one is set.

    Args:
        effort: one of none, minimal, low, medium, high, xhigh, max; excludes `budget_tokens`
        budget_tokens: the most tokens to reason with, an integer of at least 1; excludes `effort`
        show: whether a summary of the reasoning is returned
        between_tools: whether the model may also reason between tool calls

    A `ConfigurationError` names the field that is not valid.

    >>> Reasoning(effort="high", show=True)
    Reasoning(effort='high', show=True)
    >>> Reasoning(effort="high", budget_tokens=2000)
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: Reasoning: effort and budget_tokens exclude each other; set only \
one of the two
    """

    effort: ReasoningEffort | None = field(default=None)
    """How much to reason; `none` turns reasoning off."""
    budget_tokens: int | None = field(default=None)
    """The most tokens to reason with, at least 1."""
    show: bool | None = field(default=None)
    """Whether a summary of the reasoning is returned."""
    between_tools: bool | None = field(default=None)
    """Whether the model may also reason between tool calls, where a provider makes that a choice."""

    def __attrs_post_init__(self) -> None:
        """Check the fields that are set."""
        _check(self.fields, "Reasoning")

    @property
    def fields(self) -> dict[str, Json]:
        """Return what is set.

        >>> Reasoning(effort="low").fields
        {'effort': 'low'}
        """
        return {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}

    def __repr__(self) -> str:
        """Show what is set."""
        return f"Reasoning({', '.join(f'{name}={value!r}' for name, value in self.fields.items())})"

    @classmethod
    def of(
        cls, value: Reasoning | ReasoningEffort | Mapping[str, object], path: str = "reasoning"
    ) -> Reasoning:
        """Convert the shorthand of options, an effort or a dict of fields, to a `Reasoning`.

        Args:
            value: An effort, a dict of the fields to set, or a `Reasoning`, which is returned unchanged.
            path: What an error message calls the value.

        Raises:
            ConfigurationError: A field is unknown or has an invalid value.

        >>> Reasoning.of("high"), Reasoning.of({"budget_tokens": 2000})
        (Reasoning(effort='high'), Reasoning(budget_tokens=2000))
        >>> Reasoning.of({"efort": "high"})
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: reasoning.efort: unknown field, did you mean effort?
        """
        return _reasoning(value, path)


def _reasoning(value: object, path: str) -> Reasoning:
    if isinstance(value, Reasoning):
        return value
    if isinstance(value, str):
        effort: ReasoningEffort = _FIELDS["effort"].check(value, path)
        return Reasoning(effort=effort)
    if not isinstance(value, Mapping):
        raise expected(path, "an effort such as 'high', a dict or a Reasoning", value)
    _check(value, path)
    return Reasoning(**value)


reasoning = FieldType(
    check=_reasoning,
    schema={
        "anyOf": [
            _FIELDS["effort"].schema,
            {
                "type": "object",
                "properties": {name: field_type.schema for name, field_type in _FIELDS.items()},
                "minProperties": 1,
                "not": {"required": ["effort", "budget_tokens"]},
                "additionalProperties": False,
            },
        ]
    },
)
