"""The commands: flags become options, a target and messages, which are then sent or explained.

The network and the terminal are imported only by the command that needs them, so that `--help` is quick.
"""

from __future__ import annotations

import json
from typing import Annotated

from typer import Context, Exit, Option, Typer, echo

from casual_llm import ConfigurationError, __version__
from casual_llm.cli import flags
from casual_llm.cli.outcome import Commands, print_body, print_text

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
    """Talk to a language model: the bundled one, or a model of any provider."""
    if context.invoked_subcommand is None:
        echo(context.get_help())


@app.command()
@flags.with_records
def chat(  # noqa: PLR0913 # records of flags, and its own
    question_flags: flags.QuestionFlags,
    model_flags: flags.ModelFlags,
    option_flags: flags.OptionFlags,
    overrides: flags.Overrides,
    *,
    as_json: flags.AsJson = False,
    usage: flags.ShowUsage = False,
) -> None:
    """Ask a question, or have a conversation.

    The answer is printed as it arrives. Without a question, on a terminal, a conversation begins:
    Ctrl-C stops an answer, Ctrl-D ends the conversation.

    With --config, a model of the file answers, and flags override the options of the file.

    API keys are read from the environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, or the variable of --name)
    or from the file, never from flags, because every user of a machine can see the arguments of its
    commands.
    """
    from casual_llm.cli import question, session, target

    chosen = target.resolve(model_flags, option_flags.as_options() | target.override_layer(overrides))
    given = question.read(question_flags)
    if given.text is None and as_json:
        raise ConfigurationError("--json: a conversation has no single reply to print; give a question")
    with session.open_session(chosen, show_usage=usage) as opened:
        if given.text is None:
            from casual_llm.cli.conversation import converse

            converse(opened, given.opening, given.images)
        elif as_json:
            opened.print_reply(given.messages)
        else:
            opened.stream(given.messages, [])


@app.command()
@flags.with_records
def explain(
    *,
    config: flags.NeededConfigFile,
    model: flags.ModelName = None,
    overrides: flags.Overrides,
    as_json: flags.ExplanationAsJson = False,
) -> None:
    """Show where each option of a model comes from.

    Each option is listed with the section of the file that sets it and the values that it overrides.
    """
    from casual_llm.cli import explanation, target

    call = target.override_layer(overrides)
    explained = explanation.ModelExplanation.from_file(config, model, call)
    print_text(explanation.as_json(explained) if as_json else explanation.render(explained))


@app.command()
@flags.with_records
def plan(
    question_flags: flags.QuestionFlags,
    model_flags: flags.ModelFlags,
    option_flags: flags.OptionFlags,
    overrides: flags.Overrides,
    *,
    streamed: flags.Streamed = False,
) -> None:
    """Print the HTTP request of a call without sending it.

    The key is masked. Anything the provider does not support is reported on standard error.
    """
    from casual_llm.cli import question, target, wire

    chosen = target.resolve(model_flags, option_flags.as_options() | target.override_layer(overrides))
    given = question.read(question_flags)
    if given.text is None:
        raise ConfigurationError("question: no question given; pass it as an argument, as with chat")
    planned = wire.plan_call(chosen, given.messages, stream=streamed)
    wire.print_losses(planned.format, planned.losses)
    print_body(wire.format_request(planned))


@app.command()
def convert(
    *, source: flags.SourceFormat, target: flags.TargetFormat, kind: flags.BodyKind = "request"
) -> None:
    """Translate a body on standard input into another wire format.

    Anything the other format does not support is reported on standard error.
    """
    from casual_llm.cli import question, wire

    body = wire.convert_body(question.piped_body(), source, target, kind)
    print_body(body if kind == "stream" else body + b"\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    from casual_llm import config_schema

    print_text(json.dumps(config_schema(), indent=2) + "\n")
