"""How servers that speak OpenAI Chat differ, as a table of values.

A difference is a field here and a row below, never an `if` on a provider's name.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from attrs import frozen
from returns.result import safe


@frozen(kw_only=True)
class Dialect:
    """One server's way of speaking OpenAI Chat; the defaults are those of most servers."""

    name: str
    aliases: tuple[str, ...] = ()
    """Further keys of `provider_options` that mean this server."""
    base_url: str | None = None
    key_variable: str | None = None
    """The environment variable that holds its key."""
    key_header: str = "authorization"
    """`authorization` takes `Bearer` and the key; any other header the key alone."""
    hosts: tuple[str, ...] = ()
    """Ends of host names by which it is known, beside the host of its base URL."""
    token_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's reasoning models refuse `max_tokens`; many compatible servers know nothing else."""
    seed_key: str = "seed"
    system_role: Literal["system", "developer"] = "system"
    beside_calls: Literal["null", "empty", "absent"] = "null"
    """What `content` is beside tool calls where the model said nothing."""
    stream_options: bool = True
    """Whether a stream is asked for its usage; Mistral refuses the key and sends usage anyway."""
    top_k: bool = True
    """Whether `top_k` is known; OpenAI itself refuses it."""
    tool_choice: bool = True
    named_tool_choice: bool = True
    """Whether one tool can be forced by name; llama.cpp reads any object as `auto`."""
    json_mode: bool = True
    """Whether `{"type": "json_object"}` is known; LM Studio takes schemas only."""
    json_schema: bool = True
    """Whether answers follow a schema; DeepSeek has plain JSON only."""
    strict: bool = True
    """Whether `strict` is known, in schemas and tools."""
    cache_control: bool = False
    """Whether marks for the prompt cache are passed on to the model's own provider."""
    files: bool = True
    audio: bool = True
    replays: frozenset[str] = frozenset({"reasoning_content"})
    """Keys of an answer that the server wants to see again when the conversation goes on."""
    fixed_sampling: re.Pattern[str] | None = None
    """Names of models that refuse temperature, top_p and the penalties."""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of `provider_options` that mean this server: the format's, then its own.

        >>> LLAMACPP.names
        ('openai', 'llamacpp', 'local')
        """
        return tuple(dict.fromkeys(("openai", self.name, *self.aliases)))


OPENAI = Dialect(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    token_key="max_completion_tokens",
    top_k=False,
    replays=frozenset({"audio"}),
    fixed_sampling=re.compile(r"o\d(-.*)?|gpt-5(-mini|-nano|-pro|-codex)?(-\d{4}-\d\d-\d\d)?"),
)
COMPATIBLE = Dialect(name="compatible")
LLAMACPP = Dialect(
    name="llamacpp", aliases=("local",), base_url="http://localhost:8080/v1", named_tool_choice=False
)
DIALECTS = (OPENAI, LLAMACPP)

_BY_HOST = {urlsplit(row.base_url or "").hostname: row for row in DIALECTS if row is not LLAMACPP}


def dialect_of(base_url: str) -> Dialect:
    """Choose the dialect by the host of a base URL.

    >>> dialect_of("https://api.openai.com/v1").name
    'openai'
    >>> dialect_of("http://localhost:8000/v1").name
    'compatible'
    """
    host = _host(base_url).value_or(None)
    return COMPATIBLE if host is None else _BY_HOST.get(host, COMPATIBLE)


@safe(exceptions=(ValueError,))
def _host(url: str) -> str | None:
    return urlsplit(url).hostname
