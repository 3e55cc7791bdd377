"""Every law about codecs can fail: each finds a codec that is broken on purpose."""

from __future__ import annotations

import pytest
from attrs import evolve
from codec_mutants import MUTANTS, Mutant
from hypothesis import Phase, given, settings
from parrot import PAGE, PARROT, PROGRAM
from returns.result import Failure

from casual_llm.failures import EncodeError, Malformed
from casual_llm.laws import LAWS, check_codec, check_law
from casual_llm.laws.playback import collect_stream
from casual_llm.laws.strategies import odd_replies
from casual_llm.reply import Reply

# It is enough that a law fails; a minimal example is not needed.
_LIMITS = settings(max_examples=200, derandomize=True, database=None, phases=[Phase.generate])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.wrong)
def test_a_broken_codec_is_found_by_its_law(mutant: Mutant) -> None:
    with pytest.raises(mutant.shows) as caught:
        check_law(mutant.codec, mutant.law, _LIMITS)
    assert f"parrot does not obey the law: {mutant.law}" in caught.value.__notes__


@pytest.mark.parametrize("mutant", MUTANTS[:1], ids=lambda mutant: mutant.wrong)
def test_a_broken_codec_does_not_pass(mutant: Mutant) -> None:
    with pytest.raises(AssertionError):
        check_codec(mutant.codec, _LIMITS)


def test_a_codec_that_rejects_everything_is_found() -> None:
    refusing = evolve(PARROT, encode=lambda *_: Failure(EncodeError("model", "no", "ask another")))
    with pytest.raises(AssertionError, match="it fails: model: no; ask another"):
        check_codec(refusing, _LIMITS)


def test_a_correct_codec_passes() -> None:
    check_codec(PARROT, settings(_LIMITS, max_examples=2))


def test_every_law_finds_a_broken_codec() -> None:
    assert [mutant.law for mutant in MUTANTS] == [*LAWS]


def test_the_meaning_of_every_law_is_a_sentence() -> None:
    assert [name for name, law in LAWS.items() if not law.meaning.endswith(".")] == []


def test_the_toy_format_is_short() -> None:
    lines = [line for line in PROGRAM.splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith(("import ", "from "))]) <= 90


@pytest.mark.parametrize("law", LAWS)
def test_the_page_names_every_law(law: str) -> None:
    assert f"\n{law}\n" in PAGE.read_text("utf-8")


@given(odd_replies)
def test_a_failing_step_ends_its_stream(reply: Reply) -> None:
    failing = evolve(PARROT, step=lambda *_: Failure(Malformed("no more")))
    assert collect_stream(failing, PARROT.write_stream(reply)) == Failure(Malformed("no more"))
