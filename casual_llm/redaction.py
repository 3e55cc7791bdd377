"""Keys kept out of texts: out of what a provider says, and out of errors that show a value."""

from __future__ import annotations

import re
from urllib.parse import quote

_REMOVED = "[key removed]"
# Masked words, and words that begin as keys do; each begins at a word, so that a long text is read once.
_MASKED = re.compile(r"(?<!\S)(?:\*{3,}|[^\s*](?:[^\s*]|\*(?!\*))*\*\*)\S*")
_LIKE_A_KEY = re.compile(r"(?<!\w)(?:sk|pk|gsk|xai|key)-[\w*-]{4,}")
_SHORT, _LONG = 4, 16
_WORD = re.compile(r"(?<!\w)[\w-]{4,}(?!\w)")


def _without_cut_key(text: str, secret: str) -> str:
    # Texts are quoted up to a length, and the cut may have gone through a key.
    end = text.rstrip("'\"")
    cuts = (secret[:length] for length in range(len(secret) - 1, _SHORT - 1, -1))
    cut = next((cut for cut in cuts if end.endswith(cut)), None)
    return text if cut is None else end.removesuffix(cut) + _REMOVED


def redact(text: str, secret: str | None) -> str:
    """Take a key, and what is left of one, out of a text of the provider.

    OpenAI's 401 quotes the first and last characters of the key that was sent.

    >>> redact("Incorrect API key provided: sk-ab***yz.", "sk-abcdefxyz")
    'Incorrect API key provided: [key removed]'
    """
    if secret:
        encoded = quote(secret, safe="")
        text = text if encoded == secret else text.replace(encoded, _REMOVED)
        whole = re.escape(secret) if len(secret) >= _SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = _without_cut_key(re.sub(whole, _REMOVED, text), secret)
    if secret and len(secret) >= _LONG:
        text = re.sub(rf"(?<!\w){re.escape(secret[:4])}\S*", _REMOVED, text)
        text = _WORD.sub(lambda word: _REMOVED if secret.endswith(word[0]) else word[0], text)
    return _LIKE_A_KEY.sub(_REMOVED, _MASKED.sub(_REMOVED, text))
