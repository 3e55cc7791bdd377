"""Describe how servers of OpenAI Chat differ: a `Dialect` is a row of values.

A difference is a field here and a value in the table of `dialects.py`, never an `if` on a
provider's name. Where it is not known what a server accepts, the row holds what is safe: a key
that is left out is reported as a loss, a key that the server does not know fails the whole call.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

from attrs import field, frozen

from casual_llm.frozen import FrozenDict
from casual_llm.wire.capabilities import Ranges


def _with_legacy(keys: frozenset[str]) -> frozenset[str]:
    # The predecessor of tool calls goes back as it came, to any server that still sends it.
    return keys | {"function_call"}


def _refuses(models: Mapping[str, re.Pattern[str]]) -> Mapping[str, re.Pattern[str]]:
    return FrozenDict(models)


def _limits(limits: Ranges) -> Ranges:
    return FrozenDict(limits)


@frozen(kw_only=True)
class Dialect:
    """One server's variant of OpenAI Chat; the defaults are those of most servers."""

    name: str
    aliases: tuple[str, ...] = ()
    """Further keys of `provider_options` that mean this server."""
    base_url: str | None = None
    key_variable: str | None = None
    """The environment variable that holds its key."""
    key_header: str = "authorization"
    """`authorization` takes `Bearer` and the key; any other header the key alone."""
    hosts: tuple[str, ...] = ()
    """Further hosts by which it is known, besides that of its base URL; a leading dot makes it a suffix."""
    token_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's reasoning models refuse `max_tokens`; many compatible servers know nothing else."""
    seed_key: str = "seed"
    system_role: Literal["system", "developer"] = "system"
    content_with_tool_calls: Literal["null", "empty", "absent"] = "null"
    """What `content` is in a message with tool calls and without a text."""
    stream_options: bool = True
    """Whether a stream is asked for its usage."""
    unsupported_by_model: Mapping[str, re.Pattern[str]] = field(default=FrozenDict({}), converter=_refuses)
    """Options that are refused or ignored, each with the names of the models that do so."""
    unsupported_while_reasoning: Mapping[str, re.Pattern[str]] = field(
        default=FrozenDict({}), converter=_refuses
    )
    """Options that are refused if the call asks for reasoning, each with the names of the models."""
    efforts: tuple[tuple[re.Pattern[str], Collection[str]], ...] = ()
    """Names of models and the efforts that these know; any other model is sent what was asked for."""
    ranges: Ranges = field(default=FrozenDict({}), converter=_limits)
    """Options with a range that is narrower than theirs; the nearest number is sent for one outside."""
    max_stop_sequences: int | None = None
    """How many texts `stop` may hold."""
    reasoning: Literal["effort", "object"] = "effort"
    """How reasoning is asked for: by `reasoning_effort` or by the object `reasoning`."""
    named_tool_choice: bool = True
    """Whether one tool can be forced by name."""
    call_ids: re.Pattern[str] | None = None
    """The ids of tool calls that are taken; any other is replaced by its digest."""
    json_mode: bool = True
    """Whether `{"type": "json_object"}` is known."""
    json_schema: bool = True
    """Whether answers follow a schema."""
    strict: bool = True
    """Whether `strict` is known, in schemas and tools."""
    cache_control: bool = False
    """Whether marks for the prompt cache are passed on to the model's own provider."""
    files: Literal["file", "document_url", "none"] = "file"
    """The kind of part that holds a document."""
    file_urls: bool = False
    """Whether a document may be the URL of a web server."""
    image_urls: bool = True
    """Whether an image may be the URL of a web server."""
    audio: bool = True
    tool_media: bool = False
    """Whether a tool's result may hold more than text."""
    refusal: bool = True
    """Whether an assistant's message may hold a `refusal`; elsewhere it becomes the content."""
    replayed_fields: frozenset[str] = field(default=frozenset({"reasoning_content"}), converter=_with_legacy)
    """Keys of an answer that the server wants to see again when the conversation goes on."""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of `provider_options` and `native` that mean this server: the format's, then its own.

        >>> Dialect(name="llamacpp", aliases=("local",)).names
        ('openai', 'llamacpp', 'local')
        """
        return tuple(dict.fromkeys(("openai", self.name, *self.aliases)))
