"""How servers that speak OpenAI Chat differ, as a table of values.

A difference is a field here and a row below, never an `if` on a provider's name.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from attrs import frozen
from returns.result import safe


@frozen(kw_only=True)
class Dialect:
    """One server's way of speaking OpenAI Chat."""

    name: str
    aliases: tuple[str, ...] = ()
    """Further keys of `provider_options` that mean this server."""
    token_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's reasoning models refuse `max_tokens`; many compatible servers know nothing else."""
    top_k: bool = True
    """Whether `top_k` is known; OpenAI itself refuses it."""
    named_tool_choice: bool = True
    """Whether one tool can be forced by name; llama.cpp reads any object as `auto`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of `provider_options` that mean this server: the format's, then its own.

        >>> LLAMACPP.names
        ('openai', 'llamacpp', 'local')
        """
        return ("openai", self.name, *self.aliases)


OPENAI = Dialect(name="openai", token_key="max_completion_tokens", top_k=False)
COMPATIBLE = Dialect(name="compatible")
LLAMACPP = Dialect(name="llamacpp", aliases=("local",), named_tool_choice=False)

_BY_HOST = {"api.openai.com": OPENAI}


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
