"""A call as a Messages request; what is not set is not sent, but for the limit that the vendor wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from returns.result import Result

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json, thaw
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic.blocks import NAMES, Body, is_blank
from casual_llm.providers.anthropic.conversation import conversation
from casual_llm.providers.anthropic.models import takes_sampling
from casual_llm.providers.anthropic.schema import shape_of
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.encoding import (
    EncodedOptions,
    Limits,
    PlacedError,
    RequestFormat,
    encode_with,
    limited,
    without_none,
)
from casual_llm.wire.json import dump
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix
from casual_llm.wire.report import Loss, native_for, overlay_native, unsupported

PATH = "/v1/messages"
VERSION = "2023-06-01"
MAX_TOKENS = 4096
"""What is sent where no limit is set, because the vendor requires one."""

CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_SAMPLING = ("temperature", "top_p", "top_k")
LIMITS: Limits = {"temperature": (0, 1)}
_UNKNOWN = ("frequency_penalty", "presence_penalty", "seed")
_TOOL_NAMES = re.compile(r"[a-zA-Z0-9_-]{1,128}")  # what else is refused ("String should match pattern")


def encode(call: Call, known: Prefix = EMPTY_PREFIX) -> Result[Encoded, EncodeError]:
    """Write a call as a request, with what the format cannot say as losses.

    >>> from casual_llm.messages import UserMessage
    >>> options = ChatOptions(max_tokens=9, temperature=0.0)
    >>> call = Call(model="claude-opus-4-6", messages=[UserMessage(content="Hi")], options=options)
    >>> print(encode(call).unwrap().request.body.decode().partition(',"messages"')[0])
    {"model":"claude-opus-4-6","max_tokens":9,"temperature":0.0
    >>> print(encode(Call(model="claude-opus-4-6", messages=[])).failure())
    messages: the list is empty; give at least one message
    """
    words = RequestFormat(
        names=NAMES,
        url=PATH,
        headers={"anthropic-version": VERSION},
        settings=_settings,
        conversation=partial(conversation, known),
        joined=("output_config",),
    )
    return encode_with(words, call)


def _settings(call: Call, options: ChatOptions) -> EncodedOptions:
    refused = (*_UNKNOWN, *(() if takes_sampling(call.model) else _SAMPLING))
    within, bounded = limited(options, LIMITS)
    shape = shape_of(call.model, options.response_format)
    limit, added = _limit(options)
    stop, stopped, respelled = _stop(options.stop)
    body: Body = {
        "max_tokens": limit,
        "temperature": within.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "stop_sequences": stop,
        "output_config": None if shape.format is None else {"format": shape.format},
        "tools": None if options.tools is None else _tools(options.tools),
        "tool_choice": None if options.tool_choice is None else tool_choice_to_anthropic(options.tool_choice),
        "stream": call.stream or None,
    }
    replaced = [loss for name, loss in bounded.items() if name not in refused]
    return EncodedOptions(
        body={key: value for key, value in without_none(body).items() if key not in refused},
        losses=(*added, *_lost(options, refused), *stopped, *replaced, *shape.losses),
        changes=(*respelled, *shape.changes),
        front={} if shape.instruction is None else {"system": (_text_block(shape.instruction),)},
    )


def _tools(tools: Sequence[Tool]) -> Json:
    for index, tool in enumerate(tools):
        told = native_for(tool.native, NAMES)
        is_ours = "name" not in told and told.get("type", "custom") == "custom"
        if is_ours and not _TOOL_NAMES.fullmatch(tool.name):
            problem = f"Anthropic takes no tool of the name {tool.name!r}"
            remedy = "use letters, digits, _ and - alone, at most 128, because the model calls it by its name"
            raise PlacedError(f"options.tools[{index}].name", problem, remedy)
    return [tool_to_anthropic(tool) for tool in tools]


def _lost(options: ChatOptions, refused: Sequence[str]) -> list[Loss]:
    asked = {name: getattr(options, name) for name in refused}
    losses = [unsupported(f"options.{name}", value) for name, value in asked.items() if value is not None]
    for index, tool in enumerate(options.tools or ()):
        if tool.native is not None:
            losses += overlay_native(_listed(tool), tool.native, NAMES, f"options.tools[{index}]")[1]
    return losses


def _limit(options: ChatOptions) -> tuple[int | None, list[Loss]]:
    if options.max_tokens is not None or "max_tokens" in (options.extra or {}):
        return options.max_tokens, []
    added = Loss(path="options.max_tokens", kind="added", asked=None, applied=MAX_TOKENS)
    return MAX_TOKENS, [added]


def _stop(asked: str | Sequence[str] | None) -> tuple[Json, list[Loss], list[Loss]]:
    """Give the texts to stop at, with what is lost and what is changed of them."""
    if asked is None:
        return None, [], []
    given = [asked] if isinstance(asked, str) else list(asked)
    # "stop_sequences: each stop sequence must contain non-whitespace"
    kept: Json = [text for text in given if not is_blank(text)]
    told = partial(Loss, path="options.stop", asked=thaw(asked))
    if kept != given:
        kept = kept or None
        return kept, [told(kind="replaced" if kept else "unsupported", applied=kept)], []
    return kept, [], [told(kind="rewritten", applied=kept)] if isinstance(asked, str) else []


def _text_block(text: str) -> bytes:
    return dump({"type": "text", "text": text})


def tool_choice_to_anthropic(choice: str) -> Body:
    """Write which tools may be called.

    >>> tool_choice_to_anthropic("required"), tool_choice_to_anthropic("weather")
    ({'type': 'any'}, {'type': 'tool', 'name': 'weather'})
    """
    return {"type": CHOICES[choice]} if choice in CHOICES else {"type": "tool", "name": choice}


def tool_to_anthropic(tool: Tool) -> Body:
    """Write a tool as Anthropic lists it.

    >>> tool_to_anthropic(Tool(name="ping"))
    {'name': 'ping', 'input_schema': {'type': 'object', 'properties': {}, 'required': []}}
    """
    return overlay_native(_listed(tool), tool.native, NAMES, "")[0]


def _listed(tool: Tool) -> Body:
    body: Body = {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
    marks: Body = {"strict": tool.strict, "cache_control": thaw(tool.cache_control)}
    return without_none({**body, **marks})
