"""What can be said after a command: each a field with its flag and its line of help.

Flags that several commands have stand in one record, which is one argument of each of them. Every value
that is sent is `None` where the flag is not given, and what is `None` is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_type_hints

from attrs import NOTHING, asdict, fields, frozen, has
from typer import Argument, Option

from casual_llm import ChatOptions, Provider

ModelName: TypeAlias = Annotated[
    str | None, Option("--model", "-m", help="The model, by its name at the server or in the file.")
]


@frozen(kw_only=True)
class Asked:
    """What is asked."""

    question: Annotated[
        str | None, Argument(help="What to ask; text piped to the command follows it, or stands for it.")
    ] = None
    system: Annotated[str | None, Option(help="Instructions that stand above the conversation.")] = None
    image: Annotated[
        list[str] | None,
        Option(metavar="PATH|URL", help="A file or URL to show with the question; repeatable."),
    ] = None


@frozen(kw_only=True)
class Answering:
    """Who answers: a model that the flags describe, or one of a file."""

    config: Annotated[
        Path | None, Option(metavar="FILE", help="A configuration file, whose model is asked.")
    ] = None
    model: ModelName = None
    provider: Annotated[
        Provider | None,
        Option(case_sensitive=False, help="Who answers: local, or openai where --base-url is given."),
    ] = None
    base_url: Annotated[str | None, Option(help="The server, such as http://localhost:8000/v1.")] = None
    name: Annotated[str | None, Option(help="The server's name: 'groq' takes the key from GROQ_API_KEY.")] = (
        None
    )
    timeout: Annotated[
        float | None,
        Option(metavar="SECONDS", help="The longest silence of the server; else 60, or as the file says."),
    ] = None


@frozen(kw_only=True)
class Options:
    """How it is answered: the options that have a flag of their own."""

    temperature: Annotated[float | None, Option(help="0 takes the likeliest words, more is freer.")] = None
    max_tokens: Annotated[int | None, Option(help="The longest answer, in tokens.")] = None
    top_p: Annotated[
        float | None, Option(help="Choose among the likeliest words of this share, up to 1.")
    ] = None
    top_k: Annotated[int | None, Option(help="Choose among this many words.")] = None
    seed: Annotated[int | None, Option(help="The same seed asks for the same choices again.")] = None
    stop: Annotated[
        list[str] | None, Option(metavar="TEXT", help="End the answer before this text; repeatable.")
    ] = None
    frequency_penalty: Annotated[float | None, Option(help="Above 0: fewer words that were said often.")] = (
        None
    )
    presence_penalty: Annotated[float | None, Option(help="Above 0: fewer words that were said at all.")] = (
        None
    )

    def said(self) -> ChatOptions:
        """Give those that are set.

        >>> Options(seed=7, stop=[]).said()
        ChatOptions(seed=7)
        """
        return ChatOptions(**{**asdict(self), "stop": self.stop or None})


@frozen(kw_only=True)
class Overrides:
    """Any option, over all that is said elsewhere."""

    assignments: Annotated[
        list[str] | None,
        Option("--set", metavar="OPTION=VALUE", help="Set any option, such as extra.user=u-1; repeatable."),
    ] = None
    omitted: Annotated[
        list[str] | None,
        Option("--omit", metavar="OPTION", help="Send nothing there, whatever the file says; repeatable."),
    ] = None


NeededConfigFile: TypeAlias = Annotated[
    Path, Option("--config", metavar="FILE", help="A configuration file.")
]
Streamed: TypeAlias = Annotated[bool, Option("--stream", help="Plan a stream instead of a whole reply.")]
SourceFormat: TypeAlias = Annotated[
    str, Option("--from", metavar="FORMAT", help="The format of the body: openai, anthropic, ollama …")
]
TargetFormat: TypeAlias = Annotated[
    str, Option("--to", metavar="FORMAT", help="The format to write, or a server: groq, openrouter …")
]
BodyKind: TypeAlias = Annotated[
    Literal["request", "reply", "stream"], Option("--kind", help="What the body is.")
]
AsJson: TypeAlias = Annotated[bool, Option("--json", help="Print the whole reply as one JSON object.")]
ShowUsage: TypeAlias = Annotated[bool, Option("--usage", help="Tell the tokens of each answer on stderr.")]
ExplanationAsJson: TypeAlias = Annotated[bool, Option("--json", help="Print one JSON object.")]


def gathered(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take records: each of their fields is a flag, and comes to it inside its record."""
    taken = signature(command, eval_str=True)
    records = {name: each.annotation for name, each in taken.parameters.items() if has(each.annotation)}

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 # values of any flag
        for name, record in records.items():
            given[name] = record(**{each.name: given.pop(each.name) for each in fields(record)})
        command(**given)

    flags = [
        flag
        for name, each in taken.parameters.items()
        for flag in (_flags(records[name]) if name in records else (each,))
    ]
    run.__signature__ = taken.replace(parameters=flags)  # type: ignore[attr-defined] # typer reads it
    return run


def _flags(record: type) -> Iterator[Parameter]:
    hints = get_type_hints(record, include_extras=True)
    for each in fields(record):
        default = Parameter.empty if each.default is NOTHING else each.default
        yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])
