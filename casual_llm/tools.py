"""What a model may call: a tool has one JSON Schema, whichever way it was given.

`Tool` keeps properties as values; `input_schema` is the one place where they become a schema again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from frozendict import frozendict
from pydantic import ConfigDict, Field, TypeAdapter, field_validator, model_validator

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
    """The schema of one parameter; any further JSON Schema keyword is taken and given back.

    >>> ToolParameter(type="integer", minimum=1).json_schema()
    {'type': 'integer', 'minimum': 1}
    """

    model_config = ConfigDict(extra="allow")

    type: str | FrozenSequence[str] | None = None
    description: str | None = None

    if TYPE_CHECKING:  # type checkers do not see that further keywords are taken

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
        """Freeze the further keywords, which pydantic keeps in a dict."""
        object.__setattr__(self, "__pydantic_extra__", frozendict(self.model_extra or {}))

    def json_schema(self) -> dict[str, Json]:
        """Give the schema as a plain dict with the keywords that were given, and no others."""
        known = {key: value for key, value in self if value is not None or key in (self.model_extra or {})}
        return thaw_object(known)


_OF_FIELDS = frozenset({"type", "properties", "required"})


class Tool(FrozenModel):
    """A function that the model may ask for.

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
    """Keywords of the schema beside type, properties and required, such as `$defs`."""
    strict: Absent[bool] = None
    """Whether the provider must hold the arguments to the schema."""
    cache_control: CacheControl = None
    native: Native = None
    """Further keys of the tool's wire object, by the format that knows them."""

    @field_validator("keywords")
    @classmethod
    def _say_nothing_again(cls, keywords: Mapping[str, Json]) -> Mapping[str, Json]:
        for key in sorted(_OF_FIELDS.intersection(keywords)):
            raise ValueError(f"{key}: a field of Tool says this; leave it out of keywords")
        return keywords

    @property
    def input_schema(self) -> dict[str, Json]:
        """The schema of the arguments, as a plain dict of the caller's own."""
        return {
            "type": "object",
            "properties": {name: parameter.json_schema() for name, parameter in self.parameters.items()},
            "required": list(self.required),
            **thaw_object(self.keywords),
        }

    @classmethod
    def from_input_schema(cls, name: str, description: str | None, input_schema: Mapping[str, Json]) -> Tool:
        """Read a tool from the schema of its arguments, such as an MCP server lists.

        >>> Tool.from_input_schema("ping", "Is it there?", {}).input_schema
        {'type': 'object', 'properties': {}, 'required': []}

        A schema of something other than an object is refused:

        >>> Tool.from_input_schema("ping", None, {"type": "string"})
        Traceback (most recent call last):
        ...
        ValueError: tool ping: input_schema.type is 'string'; arguments are always an object
        """
        kind, properties = input_schema.get("type", "object"), input_schema.get("properties", {})
        if kind != "object":
            raise ValueError(f"tool {name}: input_schema.type is {kind!r}; arguments are always an object")
        if not isinstance(properties, Mapping):
            raise ValueError(f"tool {name}: input_schema.properties is no object; map names to schemas")  # noqa: TRY004
        return cls(
            name=name,
            description=description,
            parameters={
                key: ToolParameter.model_validate(_as_object(schema)) for key, schema in properties.items()
            },
            required=cast("Sequence[str]", input_schema.get("required", ())),
            keywords={k: v for k, v in input_schema.items() if k not in _OF_FIELDS},
        )

    @classmethod
    def from_function(cls, function: Callable[..., object]) -> Tool:
        """Read a tool from a function's signature and docstring.

        >>> def weather(city: str, days: int = 1) -> str:
        ...     "Weather of a city."
        >>> Tool.from_function(weather).required
        ('city',)
        """
        if not hasattr(function, "__name__"):
            raise ValueError(f"tool: {function!r} has no name; give a function, or use Tool(...)")
        schema = TypeAdapter[object](function).json_schema()  # type: ignore[arg-type] # pydantic takes functions
        return cls.from_input_schema(function.__name__, inspect.getdoc(function), schema)


def _as_object(schema: Json) -> dict[str, Json]:
    # JSON Schema allows the two booleans as schemas: everything, and nothing.
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    if not isinstance(schema, Mapping):
        raise ValueError(f"a parameter's schema is an object or a boolean, not {thaw(schema)!r}")  # noqa: TRY004
    return dict(schema)
