"""What goes over the wire, without sending it: the request of a call, and bodies in other formats."""

from __future__ import annotations

from returns.pipeline import is_successful

from casual_llm.cli.outcome import tell
from casual_llm.cli.target import Target
from casual_llm.errors import RequestError
from casual_llm.failures import Malformed, Truncated
from casual_llm.formats import format_named
from casual_llm.messages import ChatMessage
from casual_llm.shell.client import Plan
from casual_llm.shell.factories import create_model
from casual_llm.translation import BodyKind, Untranslatable, translate
from casual_llm.wire.report import Loss, describe_loss as told_loss


def plan_of(target: Target, messages: list[ChatMessage], *, stream: bool) -> Plan:
    """Give the request that a call would send."""
    return create_model(target.connect(), target.model).plan(messages, stream=stream)


def written(plan: Plan) -> bytes:
    """Write a request as it stands on the wire: its head line by line, a blank line, its body."""
    head = [f"POST {plan.url}", *(f"{name}: {value}" for name, value in sorted(plan.headers.items()))]
    return "\n".join(head).encode() + b"\n\n" + plan.body + b"\n"


def converted(body: bytes, source: str, target: str, kind: BodyKind) -> bytes:
    """Translate a body; what is lost is told on standard error."""
    for flag, name in (("--from", source), ("--to", target)):
        format_named(name, flag)
    translated = translate(body, from_=source, to=target, kind=kind)
    if not is_successful(translated):
        raise RequestError(f"standard input: {_problem(translated.failure())}")
    told = translated.unwrap()
    notes(target, told.losses)
    return told.body


def _problem(failure: Untranslatable) -> str:
    # What else the text of such a failure says is advice for a call.
    if isinstance(failure, Malformed):
        return f"it cannot be read: {failure.problem}"
    return "the stream ends before it is complete" if isinstance(failure, Truncated) else str(failure)


def notes(format_name: str, losses: tuple[Loss, ...]) -> None:
    """Tell what could not be said, a line each."""
    for loss in losses:
        tell("note", told_loss(loss, format_name))
