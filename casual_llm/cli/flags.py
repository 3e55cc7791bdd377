"""What can be said after a command: each a type with its flag and its line of help.

Every value that is sent is `None` where the flag is not given, and what is `None` is not sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from typer import Argument, Option

from casual_llm import Provider

Question: TypeAlias = Annotated[
    str | None, Argument(help="What to ask; text piped to the command follows it, or stands for it.")
]
ConfigFile: TypeAlias = Annotated[
    Path | None, Option("--config", metavar="FILE", help="A configuration file, whose model is asked.")
]
NeededConfigFile: TypeAlias = Annotated[
    Path, Option("--config", metavar="FILE", help="A configuration file.")
]
Assignments: TypeAlias = Annotated[
    list[str] | None,
    Option("--set", metavar="OPTION=VALUE", help="Set any option, such as extra.user=u-1; repeatable."),
]
Omitted: TypeAlias = Annotated[
    list[str] | None,
    Option("--omit", metavar="OPTION", help="Send nothing there, whatever the file says; repeatable."),
]
ModelName: TypeAlias = Annotated[
    str | None, Option("--model", "-m", help="The model, by its name at the server or in the file.")
]
ProviderName: TypeAlias = Annotated[
    Provider | None,
    Option(
        "--provider", case_sensitive=False, help="Who answers: local, or openai where --base-url is given."
    ),
]
BaseUrl: TypeAlias = Annotated[
    str | None, Option(help="A server that speaks OpenAI Chat, such as http://localhost:8000/v1.")
]
KeyName: TypeAlias = Annotated[
    str | None, Option("--name", help="The server's name: 'groq' takes the key from GROQ_API_KEY.")
]
System: TypeAlias = Annotated[str | None, Option(help="Instructions that stand above the conversation.")]
Images: TypeAlias = Annotated[
    list[str] | None,
    Option("--image", metavar="PATH|URL", help="A file or URL to show with the question; repeatable."),
]
Temperature: TypeAlias = Annotated[float | None, Option(help="0 takes the likeliest words, more is freer.")]
MaxTokens: TypeAlias = Annotated[int | None, Option(help="The longest answer, in tokens.")]
TopP: TypeAlias = Annotated[
    float | None, Option(help="Choose among the likeliest words of this share, up to 1.")
]
TopK: TypeAlias = Annotated[int | None, Option(help="Choose among this many words.")]
Seed: TypeAlias = Annotated[int | None, Option(help="The same seed asks for the same choices again.")]
Stop: TypeAlias = Annotated[
    list[str] | None, Option(metavar="TEXT", help="End the answer before this text; repeatable.")
]
FrequencyPenalty: TypeAlias = Annotated[
    float | None, Option(help="Above 0: fewer words that were said often.")
]
PresencePenalty: TypeAlias = Annotated[
    float | None, Option(help="Above 0: fewer words that were said at all.")
]
TimeoutSeconds: TypeAlias = Annotated[
    float | None,
    Option(
        "--timeout",
        metavar="SECONDS",
        help="The longest silence of the server; else 60, or as the file says.",
    ),
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
