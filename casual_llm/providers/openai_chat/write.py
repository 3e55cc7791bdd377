"""Write a reply as a Chat Completions response, whole or as a stream.

Clients need none of this; fake servers, translation and the laws do.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from casual_llm.providers.openai_chat.decode import reasoning_in
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.messages import canonical_message, write_message
from casual_llm.providers.openai_chat.replay import THOUGHTS
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import dump, items, mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import Report


def write(dialect: Dialect, reply: Reply) -> Response:
    """Write a reply as a whole response.

    >>> from casual_llm.messages import AssistantMessage
    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> write(OPENAI, Reply(message=AssistantMessage(content="Paris."), finish_reason="stop")).status
    200
    """
    choice: Body = {"index": 0, "message": _message(dialect, reply), "finish_reason": _finish(reply)}
    body: Body = {**_head(reply, "chat.completion"), "choices": [choice], **_usage(reply.usage)}
    return Response(status=200, headers={"content-type": "application/json"}, body=dump(body))


def write_stream(dialect: Dialect, reply: Reply) -> tuple[bytes, ...]:
    r"""Write a reply as the frames of a stream: a role, its text by lines, its calls, its end.

    >>> from casual_llm.messages import AssistantMessage
    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> write_stream(OPENAI, Reply(message=AssistantMessage(content="Paris.")))[-1]
    b'data: [DONE]\n\n'
    """
    head = _head(reply, "chat.completion.chunk")
    deltas = _deltas(_message(dialect, reply))
    choices: list[Body] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    last: Body = {"index": 0, "delta": {}, "finish_reason": _finish(reply)}
    bodies: list[Body] = [{**head, "choices": [choice]} for choice in [*choices, last]]
    if reply.usage is not None:
        bodies.append({**head, "choices": [], **_usage(reply.usage)})
    return (*(b"data: " + dump(body) + b"\n\n" for body in bodies), b"data: [DONE]\n\n")


def _head(reply: Reply, kind: str) -> Body:
    known: Body = {"id": reply.id, "object": kind, "model": reply.model}
    return {key: value for key, value in known.items() if value is not None}


def _finish(reply: Reply) -> str | None:
    return reply.raw_finish_reason or reply.finish_reason


def _message(dialect: Dialect, reply: Reply) -> Body:
    """Write the message, and its reasoning where `native` does not hold it already.

    The reasoning stands where a server of the dialect puts reasoning that it does not require back.
    """
    # An answer holds a refusal in its own key and ids of any form, also where a question may not.
    answering = evolve(dialect, refusal=True, call_ids=None)
    body = write_message(answering, canonical_message(answering, reply.message, "message", {}, Report()))
    if reply.reasoning is None or reasoning_in(body) == reply.reasoning:
        return body
    key = next((key for key in THOUGHTS if key not in dialect.replayed_fields), None)
    if key is not None:
        return {key: reply.reasoning, **body}
    texts = [{"type": "text", "text": reply.message.content}] if reply.message.content else []
    return {**body, "content": [{"type": "thinking", "thinking": reply.reasoning}, *texts]}


def _deltas(message: Body) -> Iterator[Body]:
    """Cut a message into deltas; fields that are not cut come first, in one delta."""
    content, calls = message.get("content"), items(message.get("tool_calls"))
    whole = {key: value for key, value in message.items() if key not in {"content", "tool_calls"}}
    yield whole if isinstance(content, str | None) else {**whole, "content": content}
    for line in text(content).splitlines(keepends=True):
        yield {"content": line}
    for index, call in enumerate(map(mapping, calls)):
        function = mapping(call.get("function"))
        start, rest = {**function, "arguments": ""}, {"arguments": function.get("arguments")}
        yield {"tool_calls": [{**call, "index": index, "function": start}]}
        yield {"tool_calls": [{"index": index, "function": rest}]}


def _usage(usage: Usage | None) -> Body:
    if usage is None:
        return {}
    prompt: Body = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
    completion: Body = {"reasoning_tokens": usage.reasoning_tokens}
    figures: Body = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": without_none(prompt) or None,
        "completion_tokens_details": without_none(completion) or None,
    }
    return {"usage": without_none(figures)}
