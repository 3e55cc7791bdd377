"""The command line as values: flags become options, a config and messages, and those are asked.

What needs the network or the terminal is imported when something is asked, so that help is quick.
"""

from __future__ import annotations

import json
from typing import Annotated

from typer import Context, Exit, Option, Typer, echo

from casual_llm import ConfigurationError, __version__
from casual_llm.cli import flags
from casual_llm.cli.outcome import Commands, show, show_body

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
    """Talk to a language model: to the one that comes along, or to that of any provider."""
    if context.invoked_subcommand is None:
        echo(context.get_help())


@app.command()
@flags.gathered
def chat(  # noqa: PLR0913 # records of flags, and its own
    asked: flags.Asked,
    answering: flags.Answering,
    options: flags.Options,
    over: flags.Overrides,
    *,
    as_json: flags.AsJson = False,
    usage: flags.ShowUsage = False,
) -> None:
    """Ask a question, or have a conversation.

    The answer is printed as it comes. Without a question, on a terminal, a conversation begins:
    Ctrl-C stops an answer, Ctrl-D ends.

    With --config, a model of the file answers, and what is given here lies over what the file says.

    Keys are read from the environment only (OPENAI_API_KEY, ANTHROPIC_API_KEY, or the one of --name),
    because every user of a machine can see the arguments of its commands.
    """
    from casual_llm.cli import question, session, target  # noqa: PLC0415 # they import the network

    answerer = target.of(answering, options.said() | target.overrides(over))
    said = question.read(asked)
    if said.text is None and as_json:
        raise ConfigurationError("--json: it prints the reply to one question; give the question")
    with session.opened(answerer, show_usage=usage) as opened:
        if said.text is None:
            from casual_llm.cli.conversation import converse  # noqa: PLC0415 # it imports the terminal

            converse(opened, said.opening, said.images)
        elif as_json:
            opened.print_reply(said.messages)
        else:
            opened.stream(said.messages, [])


@app.command()
@flags.gathered
def explain(
    *,
    config: flags.NeededConfigFile,
    model: flags.ModelName = None,
    over: flags.Overrides,
    as_json: flags.ExplanationAsJson = False,
) -> None:
    """Tell where each option of a model comes from.

    Each is shown with the part of the file that sets it, and with what it was set over.
    """
    from casual_llm.cli import account, target  # noqa: PLC0415 # they import the network

    told = account.Account.of_file(config, model, target.overrides(over))
    show(account.as_json(told) if as_json else account.written(told))


@app.command()
@flags.gathered
def plan(
    asked: flags.Asked,
    answering: flags.Answering,
    options: flags.Options,
    over: flags.Overrides,
    *,
    streamed: flags.Streamed = False,
) -> None:
    """Print the HTTP request of a call, its key masked, without sending it.

    What the provider has no word for is told on standard error.
    """
    from casual_llm.cli import question, target, wire  # noqa: PLC0415 # they import the network

    answerer = target.of(answering, options.said() | target.overrides(over))
    said = question.read(asked)
    if said.text is None:
        raise ConfigurationError("question: there is none; give it, as to chat")
    planned = wire.plan_of(answerer, said.messages, stream=streamed)
    wire.notes(planned.format, planned.losses)
    show_body(wire.written(planned))


@app.command()
def convert(
    *, source: flags.SourceFormat, target: flags.TargetFormat, kind: flags.BodyKind = "request"
) -> None:
    """Translate a body on standard input into another wire format.

    What the other format has no word for is told on standard error.
    """
    from casual_llm.cli import question, wire  # noqa: PLC0415 # they import the formats

    told = wire.converted(question.piped_body(), source, target, kind)
    show_body(told if kind == "stream" else told + b"\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    from casual_llm import config_schema  # noqa: PLC0415 # it imports how files are read

    show(json.dumps(config_schema(), indent=2) + "\n")
