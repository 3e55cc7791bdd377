"""The flags of the commands: each is a field with its flag and its line of help.

Flags that several commands share are one record, which each command takes as one argument. An option
whose flag is not given is `None`, which means "not set".
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
class QuestionFlags:
    """The question, its instructions and its images."""

    question: Annotated[
        str | None,
        Argument(help="The question; piped text is appended, or is the question if none is given."),
    ] = None
    system: Annotated[str | None, Option(help="Instructions for the whole conversation.")] = None
    image: Annotated[
        list[str] | None,
        Option(metavar="PATH|URL", help="An image file or URL for the question; repeatable."),
    ] = None


@frozen(kw_only=True)
class ModelFlags:
    """The model: one that the flags describe, or one of a file."""

    config: Annotated[Path | None, Option(metavar="FILE", help="Use a model of this configuration file.")] = (
        None
    )
    model: ModelName = None
    provider: Annotated[
        Provider | None,
        Option(case_sensitive=False, help="The provider; default local, or openai with --base-url."),
    ] = None
    base_url: Annotated[
        str | None, Option(help="The base URL of the server, such as http://localhost:8000/v1.")
    ] = None
    name: Annotated[str | None, Option(help="The server's name: 'groq' reads the key from GROQ_API_KEY.")] = (
        None
    )
    timeout: Annotated[
        float | None,
        Option(
            metavar="SECONDS",
            help="The longest wait for data from the server; default 60, or the value of the file.",
        ),
    ] = None


@frozen(kw_only=True)
class OptionFlags:
    """The options that have a flag of their own."""

    temperature: Annotated[float | None, Option(help="Randomness: 0 picks the most likely tokens.")] = None
    max_tokens: Annotated[int | None, Option(help="The maximum length of the answer, in tokens.")] = None
    top_p: Annotated[
        float | None, Option(help="Sample from the most likely tokens with this total probability, up to 1.")
    ] = None
    top_k: Annotated[int | None, Option(help="Sample from this many of the most likely tokens.")] = None
    seed: Annotated[int | None, Option(help="The seed of the sampling, for repeatable answers.")] = None
    stop: Annotated[
        list[str] | None, Option(metavar="TEXT", help="End the answer before this text; repeatable.")
    ] = None
    frequency_penalty: Annotated[
        float | None, Option(help="Above 0: the more often a token was used, the less likely it becomes.")
    ] = None
    presence_penalty: Annotated[
        float | None, Option(help="Above 0: tokens that were used at all become less likely.")
    ] = None

    def as_options(self) -> ChatOptions:
        """Return the flags that are given as options.

        >>> OptionFlags(seed=7, stop=[]).as_options()
        ChatOptions(seed=7)
        """
        return ChatOptions(**{**asdict(self), "stop": self.stop or None})


@frozen(kw_only=True)
class Overrides:
    """Any option, set or omitted over every other layer."""

    assignments: Annotated[
        list[str] | None,
        Option("--set", metavar="OPTION=VALUE", help="Set any option, such as extra.user=u-1; repeatable."),
    ] = None
    omitted: Annotated[
        list[str] | None,
        Option(
            "--omit", metavar="OPTION", help="Do not send this option, even if the file sets it; repeatable."
        ),
    ] = None


NeededConfigFile: TypeAlias = Annotated[
    Path, Option("--config", metavar="FILE", help="A configuration file.")
]
Streamed: TypeAlias = Annotated[bool, Option("--stream", help="Plan a streamed call.")]
SourceFormat: TypeAlias = Annotated[
    str, Option("--from", metavar="FORMAT", help="The format of the body: openai, anthropic, ollama …")
]
TargetFormat: TypeAlias = Annotated[
    str, Option("--to", metavar="FORMAT", help="The format to write, or a server such as groq or openrouter.")
]
BodyKind: TypeAlias = Annotated[
    Literal["request", "reply", "stream"], Option("--kind", help="The kind of the body.")
]
AsJson: TypeAlias = Annotated[bool, Option("--json", help="Print the whole reply as one JSON object.")]
ShowUsage: TypeAlias = Annotated[bool, Option("--usage", help="Print the tokens of each answer on stderr.")]
ExplanationAsJson: TypeAlias = Annotated[bool, Option("--json", help="Print one JSON object.")]


def with_records(command: Callable[..., None]) -> Callable[..., None]:
    """Expand the records among a command's arguments into one flag for each field."""
    declared = signature(command, eval_str=True)
    records = {name: each.annotation for name, each in declared.parameters.items() if has(each.annotation)}

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 # values of any flag
        for name, record in records.items():
            given[name] = record(**{each.name: given.pop(each.name) for each in fields(record)})
        command(**given)

    flags = [
        flag
        for name, each in declared.parameters.items()
        for flag in (_flags(records[name]) if name in records else (each,))
    ]
    run.__signature__ = declared.replace(parameters=flags)  # type: ignore[attr-defined] # typer reads it
    return run


def _flags(record: type) -> Iterator[Parameter]:
    hints = get_type_hints(record, include_extras=True)
    for each in fields(record):
        default = Parameter.empty if each.default is NOTHING else each.default
        yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])
