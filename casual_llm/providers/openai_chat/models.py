"""Resolve what a model supports: the row of its server, restricted by the name of the model."""

from __future__ import annotations

import re
from collections.abc import Mapping

from casual_llm.frozen import FrozenDict
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.capabilities import EFFORTS, Capabilities

ALL = re.compile(r".*", re.DOTALL)
PENALTIES = ("frequency_penalty", "presence_penalty")
SAMPLING = ("temperature", "top_p", *PENALTIES)
LEVELS = ("low", "medium", "high")


def by_models(models: re.Pattern[str], *options: str) -> dict[str, re.Pattern[str]]:
    """Return options that models of these names do not take."""
    return dict.fromkeys(options, models)


# Reasoning models refuse sampling ("Reasoning models", Limitations); from 5.1 on they take it while they
# do not reason, and 5.6 refuses it again (reports of users). The chat models accept all of it.
_REASONING = re.compile(r"o\d(-.*)?|gpt-5(-mini|-nano|-pro|-codex)?(-\d{4}-\d\d-\d\d)?|gpt-5\.6.*")
# `Unsupported parameter: 'stop' is not supported with this model.` (reports of users).
_STOPLESS = re.compile(r"o[34](-.*)?|gpt-5(?!-chat)(\.[0-4])?(-.*)?")

# `Unrecognized request argument supplied: reasoning_effort`, of models that do not reason.
_NOT_REASONING = re.compile(r"(gpt-[34]|chatgpt-|gpt-5(\.\d)?-chat).*")
# `Unsupported parameter: 'parallel_tool_calls' is not supported with this model.`
_O_SERIES = re.compile(r"o\d(-.*)?")
# "Using GPT-5.2", Parameter compatibility: sampling with the effort `none` alone.
_SAMPLING_OR_REASONING = re.compile(r"gpt-5\.[1-5](?!-chat)(-.*)?")

OPENAI_UNSUPPORTED = FrozenDict(
    {
        **by_models(ALL, "top_k"),
        **by_models(_REASONING, *SAMPLING),
        **by_models(_STOPLESS, "stop"),
        **by_models(_O_SERIES, "parallel_tool_calls"),
    }
)
OPENAI_UNSUPPORTED_WHILE_REASONING = by_models(_SAMPLING_OR_REASONING, *SAMPLING)
# "Reasoning models", and refusals: `Supported values are: 'none', 'low', 'medium', and 'high'.`
OPENAI_EFFORTS = (
    (_NOT_REASONING, ()),
    (_O_SERIES, LEVELS),
    (re.compile(r"gpt-5(-mini|-nano)?(-\d.*)?"), ("minimal", *LEVELS)),
    (re.compile(r"gpt-5\.1(-\d.*)?"), ("none", *LEVELS)),
    (re.compile(r"gpt-5\.[2-5](-mini|-nano)?(-\d.*)?"), ("none", *LEVELS, "xhigh")),
    (re.compile(r"gpt-5\.6.*"), ("none", *LEVELS, "xhigh", "max")),
)
# Their chat template knows no others ("Reasoning", in the documentation of Groq and Cerebras).
GPT_OSS = ((re.compile(r"(openai/)?gpt-oss-.*"), LEVELS),)

_FIELDS = {"effort": ("reasoning.show", "reasoning.between_tools"), "object": ("reasoning.between_tools",)}
"""The fields of `reasoning` for which each way to ask for it has no key."""


def capabilities(dialect: Dialect, model: str) -> Capabilities:
    """Return what a model takes.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> "top_k" in capabilities(OPENAI, "gpt-5").unsupported, capabilities(OPENAI, "o3").efforts
    (True, ('low', 'medium', 'high'))
    """
    efforts = (efforts for models, efforts in dialect.efforts if models.fullmatch(model))
    return Capabilities(
        unsupported={*_options(dialect.unsupported_by_model, model), *_FIELDS[dialect.reasoning]},
        unsupported_while_reasoning=_options(dialect.unsupported_while_reasoning, model),
        ranges=dialect.ranges,
        max_stop_sequences=dialect.max_stop_sequences,
        efforts=next(efforts, EFFORTS),
        budgets=dialect.reasoning == "object",
    )


def _options(models_by_option: Mapping[str, re.Pattern[str]], model: str) -> set[str]:
    return {option for option, models in models_by_option.items() if models.fullmatch(model)}
