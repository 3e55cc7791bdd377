"""The command line as values: flags become options, a config and messages, and those are asked.

What needs the network or the terminal is imported when something is asked, so that help is quick.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Context, Exit, Option, Typer, echo

from casual_llm import (
    ChatOptions,
    ClientConfig,
    ConfigurationError,
    Provider,
    SystemMessage,
    __version__,
)
from casual_llm.cli import flags
from casual_llm.cli.outcome import Commands, show

if TYPE_CHECKING:
    from casual_llm import ChatMessage, Layer
    from casual_llm.cli.target import Target

app = Typer(
    name="casual-llm",
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 # typer calls it with the flag's value
    if wanted:
        echo(f"casual-llm {__version__}")
        raise Exit


@app.callback(invoke_without_command=True)
def casual_llm(
    context: Context,
    *,
    _: Annotated[
        bool, Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Talk to a language model: to the one that comes along, or to any that speaks OpenAI Chat."""
    if context.invoked_subcommand is None:
        echo(context.get_help())


@app.command()
def chat(  # noqa: PLR0913 # one argument a flag
    question: flags.Question = None,
    *,
    config: flags.ConfigFile = None,
    model: flags.ModelName = None,
    provider: flags.ProviderName = None,
    base_url: flags.BaseUrl = None,
    name: flags.KeyName = None,
    system: flags.System = None,
    image: flags.Images = None,
    temperature: flags.Temperature = None,
    max_tokens: flags.MaxTokens = None,
    top_p: flags.TopP = None,
    top_k: flags.TopK = None,
    seed: flags.Seed = None,
    stop: flags.Stop = None,
    frequency_penalty: flags.FrequencyPenalty = None,
    presence_penalty: flags.PresencePenalty = None,
    assignments: flags.Assignments = None,
    omitted: flags.Omitted = None,
    timeout: flags.TimeoutSeconds = None,
    as_json: flags.AsJson = False,
    usage: flags.ShowUsage = False,
) -> None:
    """Ask a question, or have a conversation.

    The answer is printed as it comes. Without a question, on a terminal, a conversation begins:
    Ctrl-C stops an answer, Ctrl-D ends.

    With --config, a model of the file answers, and what is given here lies over what the file says.

    Keys are read from the environment only (OPENAI_API_KEY, or the one of --name), because every
    user of a machine can see the arguments of its commands.
    """
    options = ChatOptions(
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        seed=seed,
        stop=stop or None,
        frequency_penalty=frequency_penalty,
        presence_penalty=presence_penalty,
    )
    from casual_llm.cli import session, target  # noqa: PLC0415 # they import the network

    call = options | target.overrides(assignments or (), omitted or ())
    asked = _asked(config, model, call, provider, base_url, name, timeout)
    opening = [] if system is None else [SystemMessage(content=system)]
    text = _text(question)
    if text is None and as_json:
        raise ConfigurationError("--json: it prints the reply to one question; give the question")
    images = [session.image(source) for source in image or ()]
    with session.opened(asked, show_usage=usage) as opened:
        if text is None:
            from casual_llm.cli.conversation import converse  # noqa: PLC0415 # it imports the terminal

            converse(opened, opening, images)
        elif as_json:
            opened.print_reply([*opening, session.question(text, images)])
        else:
            opened.stream([*opening, session.question(text, images)], [])


@app.command()
def explain(
    *,
    config: flags.NeededConfigFile,
    model: flags.ModelName = None,
    assignments: flags.Assignments = None,
    omitted: flags.Omitted = None,
    as_json: flags.ExplanationAsJson = False,
) -> None:
    """Tell where each option of a model comes from.

    Each is shown with the part of the file that sets it, and with what it was set over.
    """
    from casual_llm.cli import account, target  # noqa: PLC0415 # they import the network

    call = target.overrides(assignments or (), omitted or ())
    told = account.Account.of_file(config, model, call)
    show(account.as_json(told) if as_json else account.written(told))


@app.command()
def plan(  # noqa: PLR0913 # one argument a flag
    question: flags.Question = None,
    *,
    config: flags.ConfigFile = None,
    model: flags.ModelName = None,
    provider: flags.ProviderName = None,
    base_url: flags.BaseUrl = None,
    name: flags.KeyName = None,
    system: flags.System = None,
    image: flags.Images = None,
    assignments: flags.Assignments = None,
    omitted: flags.Omitted = None,
    streamed: flags.Streamed = False,
) -> None:
    """Print the HTTP request of a call, its key masked, without sending it.

    What the provider has no word for is told on standard error.
    """
    from casual_llm.cli import session, target, wire  # noqa: PLC0415 # they import the network

    asked = _asked(
        config, model, target.overrides(assignments or (), omitted or ()), provider, base_url, name
    )
    opening = [] if system is None else [SystemMessage(content=system)]
    text = _text(question)
    if text is None:
        raise ConfigurationError("question: there is none; give it, as to chat")
    said: list[ChatMessage] = [
        *opening,
        session.question(text, [session.image(source) for source in image or ()]),
    ]
    planned = wire.plan_of(asked, said, stream=streamed)
    wire.notes(planned.format, planned.losses)
    show(wire.written(planned))


@app.command()
def convert(
    *, source: flags.SourceFormat, target: flags.TargetFormat, kind: flags.BodyKind = "request"
) -> None:
    """Translate a body on standard input into another wire format.

    What the other format has no word for is told on standard error.
    """
    from casual_llm.cli import wire  # noqa: PLC0415 # it imports the formats

    show(wire.converted(wire.piped(), source, target, kind).decode() + ("" if kind == "stream" else "\n"))


@app.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    from casual_llm import config_schema  # noqa: PLC0415 # it imports how files are read

    show(json.dumps(config_schema(), indent=2) + "\n")


def _asked(  # noqa: PLR0913, PLR0917 # the flags that say who answers
    config: Path | None,
    model: str | None,
    call: Layer,
    provider: Provider | None,
    base_url: str | None,
    name: str | None,
    timeout: float | None = None,
) -> Target:
    from casual_llm.cli import target  # noqa: PLC0415 # it imports the network

    if config is None:
        return target.of_flags(_client(provider, base_url, name, timeout), model, call)
    _refuse_beside_a_file(provider=provider, base_url=base_url, name=name)
    return target.of_file(config, model, call, timeout)


def _client(
    provider: Provider | None, base_url: str | None, name: str | None, timeout: float | None
) -> ClientConfig:
    chosen = provider or (Provider.OPENAI if base_url else Provider.LOCAL)
    if chosen is Provider.LOCAL and (base_url or name):
        raise ConfigurationError(
            "--base-url, --name: the embedded model has no address and no key; give --provider openai"
        )
    limit = 60.0 if timeout is None else timeout
    return ClientConfig(provider=chosen, base_url=base_url, name=name, timeout=limit)


def _refuse_beside_a_file(**values: str | None) -> None:
    given = ["--" + name.replace("_", "-") for name, value in values.items() if value is not None]
    if given:
        raise ConfigurationError(
            f"{', '.join(given)}: the file says who answers; leave it out, or leave out --config"
        )


def _text(question: str | None) -> str | None:
    """Join the question and the piped text; `None` where there is a person to ask for it."""
    if question is None and sys.stdin and sys.stdin.isatty():
        return None
    text = "\n\n".join(part for part in (question, _piped()) if part and part.strip())
    if not text:
        raise ConfigurationError('question: there is none; give it as casual-llm chat "...", or pipe it in')
    return text


def _piped() -> str:
    if not sys.stdin or sys.stdin.isatty():
        return ""
    try:
        text = sys.stdin.read().rstrip()
        text.encode()  # where the locale is C, bytes that are no text are read as half characters
    except UnicodeError:
        raise ConfigurationError("standard input: it is no text; give a picture with --image") from None
    return text
