"""Keys as values that show nothing, and keys removed from texts that may quote them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, final, overload
from urllib.parse import quote

REMOVED = "[key removed]"
# Masked words, and words that begin as keys do; each begins at a word, so that a long text is read once.
_MASKED = re.compile(r"(?<!\S)(?:\*{3,}|[^\s*](?:[^\s*]|\*(?!\*))*\*\*)\S*")
_LIKE_A_KEY = re.compile(r"(?<!\w)(?:sk|pk|gsk|xai|key)-[\w*-]{4,}")
_SHORT, _LONG = 4, 16
_WORD = re.compile(r"(?<!\w)[\w-]{4,}(?!\w)")


@final
class Secret:
    """Hold a key so that nothing shows it: not a repr, a log line, or a traceback with local variables.

    Args:
        text: The key.

    Two secrets are equal where their texts are. A copy is the same secret. `pickle` and `json` refuse it
    with a `TypeError`, because what they write may be read by anybody.

    >>> key = Secret("sk-secret")
    >>> key, f"{key}", key.reveal()
    (Secret('***'), "Secret('***')", 'sk-secret')
    >>> key == Secret("sk-secret"), bool(Secret(""))
    (True, False)
    """

    # The text is in no attribute but in the closure of a function, where nothing that walks over objects
    # and prints them looks.
    __slots__ = ("_closure",)

    def __init__(self, text: str) -> None:
        self._closure: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text; call it only in the expression that uses it, as a local variable would show it."""
        return self._closure()

    def stripped(self) -> Secret:
        """Return the secret without the white space around it.

        >>> Secret("sk-secret ").stripped() == Secret("sk-secret")
        True
        """
        return Secret(self.reveal().strip())

    def __repr__(self) -> str:
        return "Secret('***')"

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; pickle the name of the environment variable instead")


@overload
def as_secret(key: str | Secret) -> Secret: ...
@overload
def as_secret(key: str | Secret | None) -> Secret | None: ...
def as_secret(key: str | Secret | None) -> Secret | None:
    """Return a text as a `Secret`, and any other value unchanged.

    >>> as_secret("sk-secret"), as_secret(None)
    (Secret('***'), None)
    """
    return Secret(key) if isinstance(key, str) else key


def redact(text: str, secret: str | Secret | None) -> str:
    """Remove a key, and what is left of one, from a text of a provider.

    OpenAI's 401 quotes the first and last characters of the key that was sent.

    Args:
        text: What may quote the key.
        secret: The key, or `None`, where only words that look like a key are removed.

    >>> redact("Incorrect API key provided: sk-ab***yz.", Secret("sk-abcdefxyz"))
    'Incorrect API key provided: [key removed]'
    """
    hidden = as_secret(secret)
    if hidden:
        text = _without_long_parts(_without_key(text, hidden), hidden)
    return _LIKE_A_KEY.sub(REMOVED, _MASKED.sub(REMOVED, text))


def _without_key(text: str, secret: Secret) -> str:
    plain = secret.reveal()
    encoded = quote(plain, safe="", errors="surrogatepass")
    text = text if encoded == plain else text.replace(encoded, REMOVED)
    whole = re.escape(plain) if len(plain) >= _SHORT else rf"(?<!\w){re.escape(plain)}(?!\w)"
    return _without_cut_key(re.sub(whole, REMOVED, text), plain)


def _without_cut_key(text: str, plain: str) -> str:
    # Texts are quoted up to a length, and the cut may have gone through a key.
    end = text.rstrip("'\"")
    cuts = (plain[:length] for length in range(len(plain) - 1, _SHORT - 1, -1))
    cut = next((cut for cut in cuts if end.endswith(cut)), None)
    return text if cut is None else end.removesuffix(cut) + REMOVED


def _without_long_parts(text: str, secret: Secret) -> str:
    plain = secret.reveal()
    if len(plain) < _LONG:
        return text
    text = re.sub(rf"(?<!\w){re.escape(plain[:4])}\S*", REMOVED, text)
    return _WORD.sub(lambda word: REMOVED if plain.endswith(word[0]) else word[0], text)
