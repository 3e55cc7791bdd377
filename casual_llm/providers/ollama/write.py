"""Write a reply as Ollama does, whole or as a stream, for fake servers, translation and the laws.

`refusal`, `id`, `cached_tokens`, `reasoning_tokens` and `cache_write_tokens` are keys of ours: Ollama does
not define them, its clients ignore them, and our reader reads them back.
"""

from __future__ import annotations

from collections.abc import Iterator

from casual_llm.frozen import Json
from casual_llm.messages import AssistantToolCall
from casual_llm.providers.ollama.messages import NAMES
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.arguments import object_or_text
from casual_llm.wire.codec import Response
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import dump, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import native_for


def write(reply: Reply) -> Response:
    """Write a reply as a whole response.

    >>> from casual_llm.messages import AssistantMessage
    >>> write(Reply(message=AssistantMessage(content="Paris."), finish_reason="stop")).body
    b'{"message":{"role":"assistant","content":"Paris."},"done":true,"done_reason":"stop"}'
    """
    message: Body = {"role": "assistant", "content": reply.message.content or ""}
    for part in _other_keys(reply):
        message |= part
    calls = [_tool_call(call) for call in reply.message.tool_calls or ()]
    body = {**_head(reply), "message": message | ({"tool_calls": calls} if calls else {}), **_end(reply)}
    return Response(status=200, headers={"content-type": "application/json; charset=utf-8"}, body=dump(body))


def write_stream(reply: Reply) -> tuple[bytes, ...]:
    r"""Write a reply as the lines of a stream: its thoughts, its text by lines, its calls, its end.

    >>> from casual_llm.messages import AssistantMessage
    >>> write_stream(Reply(message=AssistantMessage(content="Paris."), finish_reason="stop"))[-1]
    b'{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n'
    """
    head, empty = _head(reply), {"role": "assistant", "content": ""}
    bodies: list[Body] = [{**head, "message": {**empty, **part}, "done": False} for part in _parts(reply)]
    bodies.append({**head, "message": empty, **_end(reply)})
    return tuple(dump(body) + b"\n" for body in bodies)


def _parts(reply: Reply) -> Iterator[Body]:
    yield from _other_keys(reply)
    for line in (reply.message.content or "").splitlines(keepends=True):
        yield {"content": line}
    for call in reply.message.tool_calls or ():
        yield {"tool_calls": [_tool_call(call)]}


def _other_keys(reply: Reply) -> Iterator[Body]:
    """Yield what stands next to the text: thoughts, and what else the message holds of Ollama's."""
    native = native_for(reply.message.native, NAMES)
    thoughts: Body = {"thinking": text(native.pop("thinking", None)) or reply.reasoning}
    refusal: Body = {"refusal": reply.message.refusal}
    yield from (part for part in (without_none(thoughts), without_none(refusal), native) if part)


def _head(reply: Reply) -> Body:
    return without_none({"model": reply.model, "id": reply.id})


def _end(reply: Reply) -> Body:
    usage = reply.usage or Usage()
    reason = reply.raw_finish_reason or reply.finish_reason
    figures: Body = {
        "done_reason": reason,
        "prompt_eval_count": usage.prompt_tokens,
        "eval_count": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    return {"done": True, **without_none(figures)}


def _tool_call(call: AssistantToolCall) -> Json:
    arguments = object_or_text(call.function.arguments)  # what a model did not finish is sent as text
    return {"id": call.id, "function": {"name": call.function.name, "arguments": arguments}}
