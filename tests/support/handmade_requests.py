"""Handmade requests for cases that no recording may contain: a table for each format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from support.builders import PNG_SIGNATURE_BASE64 as PNG
from support.corpus import Exchange
from support.protocols import ANTHROPIC, OLLAMA, OPENAI, Protocol

Body = dict[str, Any]
HI: Body = {"role": "user", "content": "Hi"}
BRIEF: Body = {"role": "system", "content": "Be brief."}
SHAPE: Body = {"type": "object", "properties": {}, "required": []}
MARK: Body = {"cache_control": {"type": "ephemeral"}}


def openai(*messages: Body, **settings: object) -> Body:
    """Build a Chat Completions request that begins with "Hi"."""
    return {"model": "gpt-4.1", "messages": [HI, *messages], **settings}


def anthropic(*messages: Body, **settings: object) -> Body:
    """Build a Messages request that begins with "Hi"."""
    return {"model": "claude-opus-4-6", "max_tokens": 9, "messages": [HI, *messages], **settings}


def ollama(*messages: Body, **settings: object) -> Body:
    """Build an Ollama chat request that begins with "Hi"."""
    return {"model": "llama3.2", "stream": False, "messages": [HI, *messages], **settings}


def tool(name: str = "f", **keys: object) -> Body:
    """Build a tool without arguments, of OpenAI or Ollama."""
    return {"type": "function", "function": {"name": name, "parameters": SHAPE, **keys}}


def called(*calls: Body, **keys: object) -> Body:
    """Build an assistant message with tool calls."""
    return {"role": "assistant", "content": "", "tool_calls": [*calls], **keys}


def call(identity: str = "call_1", **function: object) -> Body:
    """Build a tool call."""
    return {"id": identity, "type": "function", "function": {"name": "f", **function}}


def answered(identity: str = "call_1", content: object = "1", **keys: object) -> Body:
    """Build the tool message that answers a call."""
    return {"role": "tool", "tool_call_id": identity, "content": content, **keys}


def user(*content: Body) -> Body:
    """Build a user message of parts or blocks."""
    return {"role": "user", "content": [*content]}


def assistant(*content: Body) -> Body:
    """Build an assistant message of parts or blocks."""
    return {"role": "assistant", "content": [*content]}


def text(content: str, **keys: object) -> Body:
    """Build a text part."""
    return {"type": "text", "text": content, **keys}


def image(url: str) -> Body:
    """Build an image part of OpenAI."""
    return {"type": "image_url", "image_url": {"url": url}}


def use(identity: str = "toolu_1", **keys: object) -> Body:
    """Build a tool_use block of Anthropic."""
    return {"type": "tool_use", "id": identity, "name": "f", "input": {}, **keys}


def result(identity: str = "toolu_1", **keys: object) -> Body:
    """Build a tool_result block of Anthropic."""
    return {"type": "tool_result", "tool_use_id": identity, **keys}


def without(body: Body, *keys: str) -> Body:
    """Return a body without these keys."""
    return {key: value for key, value in body.items() if key not in keys}


FILE: Body = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}}
DOCUMENT_URL: Body = {"type": "document_url", "document_url": "data:application/pdf;base64,aGk="}
AUDIO: Body = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}
NAMED: Body = {"type": "function", "function": {"name": "f"}}
ORDER: Body = {"type": "json_schema", "json_schema": {"name": "Order", "schema": SHAPE}}
WEB = image("https://example.com/cat.png")
INLINE = image(f"data:image/png;base64,{PNG}")
REFUSED: Body = {"type": "refusal", "refusal": "No."}
OLD_CALL: Body = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
FORMAT: Body = {"format": {"type": "json_schema", "schema": SHAPE}}
DOCUMENT: Body = {"type": "base64", "media_type": "text/plain", "data": "aGk="}
UNSIGNED: Body = {"type": "thinking", "thinking": "Hm.", "signature": ""}
SCHEMAS: Mapping[str, object] = {
    "none": None,
    "empty": {},
    "without properties": {"type": "object"},
    "of booleans": {"properties": {"a": True, "b": False}},
}
NO_ARGUMENTS: Body = {"function": {"name": "f"}}
ANONYMOUS: Body = {"type": "function", **NO_ARGUMENTS}
PAGE: Body = {**DOCUMENT, "media_type": "text/html"}


OPENAI_REQUESTS: Mapping[str, tuple[str, Body]] = {
    **{f"a schema, {name}": ("openai", openai(tools=[tool(parameters=it)])) for name, it in SCHEMAS.items()},
    "a tool without a schema": ("openai", openai(tools=[NAMED])),
    "a tool without a type": ("openai", openai(tools=[without(tool(), "type")])),
    "a call without arguments": ("openai", openai(called(call()), answered())),
    "a call without a type": ("openai", openai(called({"id": "call_1", **NO_ARGUMENTS}), answered())),
    "a call without an id": ("openai", openai(called(ANONYMOUS))),
    "a call without an id, unknown server": (
        "my-gateway",
        openai(called(ANONYMOUS)),
    ),
    "arguments as an object": ("openai", openai(called(call(arguments={"a": 1.0})), answered())),
    "too warm": ("openai", openai(temperature=2.5)),
    "penalties": ("openai", openai(frequency_penalty=3, presence_penalty=-2.5)),
    "five stops": ("openai", openai(stop=["a", "b", "c", "d", "e"])),
    "sampling of a reasoning model": ("openai", {**openai(temperature=0.5, stop="a"), "model": "o3"}),
    "long ids": ("openai", openai(called(call("a" * 50, arguments="{}")), answered("a" * 50))),
    "ids of nine": ("mistral", openai(called(call(arguments="{}")), answered())),
    "a seed": ("mistral", openai(seed=3)),
    "a seed of another server": ("openai", openai(random_seed=3)),
    "usage that is always sent": ("mistral", openai(stream=True, stream_options={"include_usage": True})),
    "one tool": ("llamacpp", openai(tools=[tool(), tool("g")], tool_choice=NAMED)),
    "a choice of tools": ("ollama-v1", openai(tools=[tool()], tool_choice="required")),
    "a schema": ("deepseek", openai(response_format=ORDER)),
    "strictness": ("deepseek", openai(tools=[tool(strict=True)])),
    "any JSON": ("perplexity", openai(response_format={"type": "json_object"})),
    "marks": ("my-gateway", openai(user(text("a", **MARK)), tools=[{**tool(), **MARK}])),
    "a file": ("groq", openai(user(text("a"), FILE))),
    "a file in front": ("groq", openai(user(FILE, text("a", **MARK), FILE, text("b")))),
    "a file alone": ("groq", openai(user(FILE))),
    "a recording": ("groq", openai(user(text("a"), AUDIO))),
    "an image by URL": ("ollama-v1", openai(user(text("a"), WEB))),
    "an image from a tool": ("openai", openai(called(call()), answered(content=[text("a"), INLINE]))),
    "a refusal": ("groq", openai({"role": "assistant", "content": None, "refusal": "No."})),
    "a refusal with text": ("groq", openai({"role": "assistant", "content": "Well.", "refusal": "No."})),
    "a refusal among the parts": ("openai", openai(assistant(REFUSED))),
    "a refusal behind a text": ("openai", openai(assistant(text("Well."), REFUSED))),
    "an audio answer": ("groq", openai(called(call(), audio={"id": "a"}), answered())),
    "developer": ("openai", openai({"role": "developer", "content": "Be brief."})),
    "a function": ("openai", openai(OLD_CALL, {"role": "function", "name": "f", "content": "1"})),
    "a document": ("mistral", openai(user(text("a"), FILE))),
    "a document without a name": ("openai", openai(user(text("a"), DOCUMENT_URL))),
    "a seed under another name": ("deepseek", openai(random_seed=3)),
    "a data URI with a parameter": ("openai", openai(user(image("data:image/png;charset=x;base64,aGk=")))),
    "a data URI without base64": ("openai", openai(user(image("data:image/svg+xml,%3Csvg/%3E")))),
}
ANTHROPIC_REQUESTS: Mapping[str, Body] = {
    **{f"a schema, {it}": anthropic(tools=[{"name": "f", "input_schema": SCHEMAS[it]}]) for it in SCHEMAS},
    "a tool without a schema": anthropic(tools=[{"name": "f"}]),
    "too warm": anthropic(temperature=1.5),
    "sampling of a new model": {**anthropic(temperature=0.5, top_k=3), "model": "claude-opus-4-7"},
    "one stop": anthropic(stop_sequences="END"),
    "no limit": without(anthropic(), "max_tokens"),
    "ids of another server": anthropic(assistant(use("functions.f:0")), user(result("functions.f:0"))),
    "empty ids": anthropic(assistant(use("")), user(result(""))),
    "system that is empty": anthropic(system=""),
    "system that is blank": anthropic(system=" \n"),
    "a blank block of system": anthropic(system=[text(" "), text("Be brief.")]),
    "a blank turn": anthropic(assistant(text("Hello.")), {"role": "user", "content": " "}),
    "a blank block": anthropic(assistant(text("Hello.")), user(text(" "), text("a"))),
    "a blank block of an answer": anthropic(assistant(text("a"), text("\n"), text("b"))),
    "a text before a result": anthropic(assistant(use()), user(text("See"), result())),
    "an empty result": anthropic(assistant(use()), user(result(content=""))),
    "a blank part of a result": anthropic(assistant(use()), user(result(content=[text(" "), text("a")]))),
    "an empty text before a call": anthropic(assistant(text(""), use()), user(result())),
    "a blank text before a call": anthropic(assistant(text("\n\n"), use()), user(result())),
    "system in between": anthropic(BRIEF, assistant(text("Hello.")), HI),
    "system in between, and above": anthropic(BRIEF, HI, system="Be kind."),
    "system as the first message": {**anthropic(), "messages": [BRIEF, HI]},
    "thinking without a signature": anthropic(assistant(UNSIGNED, text("Hello.")), HI),
    "thinking without a signature before a call": anthropic(assistant(UNSIGNED, use()), user(result())),
    "thinking without a signature alone": anthropic(assistant(UNSIGNED), HI),
    "two answers": anthropic(assistant(text("a")), assistant(use()), user(result())),
    "a call without an input": anthropic(assistant(without(use(), "input")), user(result())),
    "an input as a text": anthropic(assistant(use(input='{"a": 1}')), user(result())),
    "a direct caller": anthropic(assistant(use(caller={"type": "direct"})), user(result())),
    "a schema of an old model": {**anthropic(output_config=FORMAT), "model": "claude-3-haiku-20240307"},
    "more for an old model": {
        **anthropic(output_config={**FORMAT, "effort": "low"}, system="Be brief."),
        "model": "claude-3-haiku-20240307",
    },
    "a text in base64": anthropic(user({"type": "document", "source": DOCUMENT})),
    "a text in base64 that is not valid Unicode": anthropic(
        user({"type": "document", "source": {**DOCUMENT, "data": "/w=="}}, text(" "))
    ),
    "a page in base64": anthropic(
        user({"type": "document", "source": {**DOCUMENT, "media_type": "text/html"}})
    ),
}
OLLAMA_REQUESTS: Mapping[str, Body] = {
    **{f"a schema, {name}": ollama(tools=[tool(parameters=it)]) for name, it in SCHEMAS.items()},
    "a tool without a schema": ollama(tools=[NAMED]),
    "a tool without a type": ollama(tools=[without(tool(), "type")]),
    "a call of OpenAI's": ollama(called(call(arguments={}, index=0)), answered(tool_name="f")),
    "a call without arguments": ollama(called({"id": "1", **NO_ARGUMENTS}), answered("1", tool_name="f")),
    "arguments as a text": ollama(called(call(arguments='{"a": 1}')), answered(tool_name="f")),
    "blank arguments": ollama(called(call(arguments="")), answered(tool_name="f")),
    "no content": ollama({"role": "assistant", "tool_calls": [call(arguments={})]}),
    "null content": ollama(called(call(arguments={}), content=None)),
    "one stop": ollama(options={"stop": "END"}),
    "an image as a data URI": ollama({**HI, "images": [f"data:image/png;base64,{PNG}"]}),
    "an empty image": ollama({**HI, "images": [""]}),
}
REQUESTS_WITHOUT_CONTENT: Mapping[str, tuple[Protocol, Body]] = {
    "a request that loads a model": (OLLAMA, {"model": "llama3.2"}),
    "a message without content": (OPENAI, openai({"role": "user", "content": None})),
}


def exchange(request: Body, provider: str = "") -> Exchange:
    """Build an exchange of a request without an answer."""
    return Exchange(
        id="handmade",
        provider=provider,
        stream=False,
        status=200,
        headers={},
        request=request,
        body=b"",
        tags=frozenset(),
        expected=None,
    )


def handmade_exchanges(protocol: Protocol) -> Iterator[tuple[str, Exchange]]:
    """Yield the handmade exchanges of a protocol with their names."""
    requests = {ANTHROPIC.name: ANTHROPIC_REQUESTS, OLLAMA.name: OLLAMA_REQUESTS}
    for name, request in requests.get(protocol.name, {}).items():
        yield name, exchange(request)
    for name, (provider, request) in OPENAI_REQUESTS.items() if protocol == OPENAI else ():
        yield name, exchange(request, provider)
