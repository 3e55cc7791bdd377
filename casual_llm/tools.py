"""What a model may call: a tool has one JSON Schema, whichever way it was defined.

`Tool` stores properties as values; `input_schema` alone turns them into a schema again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from frozendict import frozendict
from pydantic import ConfigDict, Field, TypeAdapter, field_validator, model_validator
from pydantic.errors import PydanticUserError

from casual_llm.frozen import (
    Absent,
    FrozenJson,
    FrozenMapping,
    FrozenModel,
    FrozenSequence,
    Json,
    freeze_object,
    thaw,
    thaw_object,
)
from casual_llm.messages import CacheControl, Native


class ToolParameter(FrozenModel):
    """The JSON Schema of one parameter of a tool.

    Args:
        type: "string", "integer", "object" and so on, or a list of these; by default not in the schema
        description: what the parameter means, for the model; by default not in the schema
        keywords: any other JSON Schema keyword, such as `enum` or `minimum`; kept unchanged, and frozen

    A keyword that JSON cannot express is a pydantic `ValidationError`, which is also a `ValueError`.

    >>> ToolParameter(type="integer", minimum=1).json_schema()
    {'type': 'integer', 'minimum': 1}
    """

    model_config = ConfigDict(extra="allow")

    type: str | FrozenSequence[str] | None = None
    description: str | None = None

    if TYPE_CHECKING:  # type checkers do not see that other keywords are accepted

        def __init__(
            self,
            *,
            type: str | Sequence[str] | None = None,  # noqa: A002 # JSON Schema's own word
            description: str | None = None,
            **keywords: Any,  # noqa: ANN401 # any JSON
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _frozen(cls, keywords: object) -> object:
        return freeze_object(keywords, "schema") if isinstance(keywords, Mapping) else keywords

    def model_post_init(self, _: object) -> None:
        """Freeze the other keywords, which pydantic stores in a dict."""
        object.__setattr__(self, "__pydantic_extra__", frozendict(self.model_extra or {}))

    def json_schema(self) -> dict[str, Json]:
        """Return the schema as a plain dict with the keywords that were given, and no others."""
        known = {key: value for key, value in self if value is not None or key in (self.model_extra or {})}
        return thaw_object(known)


_SCHEMA_FIELDS = frozenset({"type", "properties", "required"})


class Tool(FrozenModel):
    """A function that the model may call.

    Args:
        name: what the model calls it; a non-empty string, whose letters and length providers restrict
        description: what it does, for the model
        parameters: a `ToolParameter` for each argument, by name; by default none
        required: the names of the arguments that must be given; by default none
        keywords: JSON Schema keywords other than type, properties and required, such as `$defs`
        strict: whether the provider enforces the schema; by default this is not sent
        cache_control: a marker for the prompt cache after this tool; by default not sent
        native: extra keys of the tool's JSON object, by the name of the format that supports them

    An argument that is not valid is a pydantic `ValidationError`, which is also a `ValueError`.

    >>> weather = Tool(name="weather", description="Weather of a city",
    ...                parameters={"city": ToolParameter(type="string")}, required=["city"])
    >>> weather.input_schema
    {'type': 'object', 'properties': {'city': {'type': 'string'}}, 'required': ['city']}
    """

    name: str = Field(min_length=1)
    description: str | None = None
    parameters: FrozenMapping[ToolParameter] = frozendict()
    required: FrozenSequence[str] = ()
    keywords: FrozenJson = frozendict()
    """JSON Schema keywords other than type, properties and required, such as `$defs`."""
    strict: Absent[bool] = None
    """Whether the provider enforces the schema."""
    cache_control: CacheControl = None
    native: Native = None
    """Extra keys of the tool's JSON object, by the name of the format that supports them."""

    @field_validator("keywords")
    @classmethod
    def _without_fields(cls, keywords: Mapping[str, Json]) -> Mapping[str, Json]:
        for key in sorted(_SCHEMA_FIELDS.intersection(keywords)):
            raise ValueError(f"{key}: already set by a field of Tool; remove it from keywords")
        return keywords

    @property
    def input_schema(self) -> dict[str, Json]:
        """The JSON Schema of the arguments, as a new plain dict."""
        return {
            "type": "object",
            "properties": {name: parameter.json_schema() for name, parameter in self.parameters.items()},
            "required": list(self.required),
            **thaw_object(self.keywords),
        }

    @classmethod
    def from_input_schema(cls, name: str, description: str | None, input_schema: Mapping[str, Json]) -> Tool:
        """Build a tool from the JSON Schema of its arguments, such as an MCP server lists.

        Args:
            name: What the model calls it; not empty.
            description: What it does, for the model; `None` for none.
            input_schema: A schema of `"type": "object"`; its other keywords are kept.

        >>> Tool.from_input_schema("ping", "Is it there?", {}).input_schema
        {'type': 'object', 'properties': {}, 'required': []}

        A schema of anything but an object is a `ValueError`:

        >>> Tool.from_input_schema("ping", None, {"type": "string"})
        Traceback (most recent call last):
        ...
        ValueError: tool ping: input_schema.type is 'string'; use 'object'
        """
        if not isinstance(input_schema, Mapping):
            raise _expected(f"tool {name}: input_schema", "a dict", input_schema)
        schema_type, properties = input_schema.get("type", "object"), input_schema.get("properties", {})
        if schema_type != "object":
            raise ValueError(f"tool {name}: input_schema.type is {schema_type!r}; use 'object'")
        if not isinstance(properties, Mapping):
            raise _expected(f"tool {name}: input_schema.properties", "a dict of schemas", properties)
        return cls(
            name=name,
            description=description,
            parameters={
                key: ToolParameter.model_validate(_as_object(schema)) for key, schema in properties.items()
            },
            required=cast("Sequence[str]", input_schema.get("required", ())),
            keywords={k: v for k, v in input_schema.items() if k not in _SCHEMA_FIELDS},
        )

    @classmethod
    def from_function(cls, function: Callable[..., object]) -> Tool:
        """Build a tool from a function's signature and docstring.

        Args:
            function: A function with type hints. Its name and docstring become those of the tool; parameters
                without a default are required.

        Raises:
            ValueError: The function has no name, such as a `functools.partial`, or parameters that have no
                schema, such as `*args`.

        >>> def weather(city: str, days: int = 1) -> str:
        ...     "Weather of a city."
        >>> Tool.from_function(weather).required
        ('city',)
        """
        if not hasattr(function, "__name__"):
            raise ValueError(f"tool: {function!r} has no name; use a function, or Tool(...)")
        try:
            schema = TypeAdapter[object](function).json_schema()  # type: ignore[arg-type] # pydantic accepts functions
        except PydanticUserError as error:
            problem = f"its parameters have no schema: {error.message.partition('. ')[0]}"
            raise ValueError(f"tool {function.__name__}: {problem}; use parameters with type hints") from None
        return cls.from_input_schema(function.__name__, inspect.getdoc(function), schema)


def _expected(path: str, valid: str, value: Json) -> ValueError:
    return ValueError(f"{path}: expected {valid}, got {thaw(value)!r}")


def _as_object(schema: Json) -> dict[str, Json]:
    # JSON Schema allows the two booleans as schemas: everything, and nothing.
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if not isinstance(schema, Mapping):
        raise _expected("the schema of a parameter", "a dict or a bool", schema)
    return dict(schema)
