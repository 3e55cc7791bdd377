"""All wire formats obey the laws, including each dialect and two toy formats."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from heron import HERON
from hypothesis import given, settings
from parrot import PARROT

from casual_llm.formats import FORMATS
from casual_llm.laws import LAWS, check_law
from casual_llm.laws.strategies import calls, replies
from casual_llm.reply import Reply
from casual_llm.wire.codec import Call, Codec

CODECS: Mapping[str, Codec[Any]] = {**FORMATS, "heron": HERON, "parrot": PARROT}
DIALECTS = {name for name, codec in CODECS.items() if name not in {*codec.names[:1]}}
_FULL = settings(max_examples=settings().max_examples * 2 // 5)
# Dialects share their functions and differ in rows of a table.
_SOME = settings(max_examples=max(4, settings().max_examples // 25))
_PROCESS = Path(__file__).with_name("other_process.py")


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", CODECS)
def test_every_format_keeps_every_law(name: str, law: str) -> None:
    check_law(CODECS[name], law, _SOME if name in DIALECTS else _FULL)


def _drawn() -> tuple[list[Call], list[Reply]]:
    asked, answered = list[Call](), list[Reply]()

    @settings(max_examples=40, derandomize=True, database=None)
    @given(calls(("openai",)), replies)
    def keep(call: Call, reply: Reply) -> None:
        asked.append(call)
        answered.append(reply)

    keep()
    return asked, answered


def test_bytes_are_the_same_in_every_process_and_under_every_hash_seed() -> None:
    values, outputs = pickle.dumps(_drawn()), set[bytes]()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(  # noqa: S603 # our own script
            [sys.executable, str(_PROCESS)], input=values, env=environment, capture_output=True, check=True
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
