"""Print wire bodies without a call: the request that a call would send, and bodies in other formats."""

from __future__ import annotations

from returns.pipeline import is_successful

from casual_llm.cli.outcome import print_note
from casual_llm.cli.target import Target
from casual_llm.errors import RequestError
from casual_llm.failures import Malformed, Truncated
from casual_llm.formats import format_named
from casual_llm.messages import ChatMessage
from casual_llm.shell.client import Plan
from casual_llm.shell.factories import create_model
from casual_llm.translation import BodyKind, Untranslatable, translate
from casual_llm.wire.report import Loss, describe_loss


def plan_call(target: Target, messages: list[ChatMessage], *, stream: bool) -> Plan:
    """Return the request that a call would send."""
    return create_model(target.connect(), target.model).plan(messages, stream=stream)


def format_request(plan: Plan) -> bytes:
    """Write a request as text: its URL and headers line by line, a blank line, its body."""
    head = [f"POST {plan.url}", *(f"{name}: {value}" for name, value in sorted(plan.headers.items()))]
    return "\n".join(head).encode() + b"\n\n" + plan.body + b"\n"


def convert_body(body: bytes, source: str, target: str, kind: BodyKind) -> bytes:
    """Translate a body, and print its losses on standard error."""
    for flag, name in (("--from", source), ("--to", target)):
        format_named(name, flag)
    translated = translate(body, from_=source, to=target, kind=kind)
    if not is_successful(translated):
        raise RequestError(f"standard input: {_problem(translated.failure())}")
    translation = translated.unwrap()
    print_losses(target, translation.losses)
    return translation.body


def _problem(failure: Untranslatable) -> str:
    # The full text of these two failures ends in advice for a call.
    if isinstance(failure, Malformed):
        return f"cannot be read: {failure.problem}"
    return "the stream ends before it is complete" if isinstance(failure, Truncated) else str(failure)


def print_losses(format_name: str, losses: tuple[Loss, ...]) -> None:
    """Print each loss as a note on standard error."""
    for loss in losses:
        print_note("note", describe_loss(loss, format_name))
