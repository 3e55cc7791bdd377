"""The tables of `just conformance`, as figures that must hold."""

from __future__ import annotations

import pytest
from conformance import broken_rows, cut_rows, damage_rows, piece_rows, read_rows, request_row, table
from support.comparison import EQUAL, Row, Verdict, excused, row, unexplained
from support.corpus import exchanges
from support.handmade_requests import made_up
from support.protocols import PROTOCOLS, Protocol
from support.request_comparison import EVERYWHERE, RULES, TOLD, rewriting
from support.sdk_comparison import EXCUSES, SAME

KNOWN = ("equal", "same", "excused")
NEARLY_ALL = 99.9


@pytest.fixture(scope="module", params=PROTOCOLS, ids=lambda protocol: protocol.name)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    recorded: Protocol = request.param
    assert exchanges(recorded.name)
    return recorded


@pytest.fixture(scope="module")
def read(protocol: Protocol) -> list[Row]:
    return list(read_rows(protocol))


@pytest.fixture(scope="module")
def rewritten() -> dict[str, Row]:
    return {protocol.name: request_row(protocol) for protocol in PROTOCOLS}


def test_recorded_answers_are_read_as_they_were_meant(read: list[Row]) -> None:
    assert [(found.mode, found.raised) for found in read if found.raised] == []
    assert [found.mode for found in read if found.share(*KNOWN) < NEARLY_ALL] == []


def test_what_is_not_in_the_table_of_reasons_does_not_happen(read: list[Row]) -> None:
    assert [why for found in read for why in found.reasons("unexplained")] == []


def test_the_tables_of_reasons_hold_nothing_that_does_not_happen(protocol: Protocol, read: list[Row]) -> None:
    met = {kind: {why for found in read for why in found.reasons(kind)} for kind in ("same", "excused")}
    assert met["same"] == SAME.get(protocol.name, {}).keys()
    assert met["excused"] >= EXCUSES.get(protocol.name, {}).keys()


def test_the_better_reading_is_rarely_the_reason(read: list[Row]) -> None:
    assert sum(found.count("excused") for found in read) <= 0.025 * sum(found.records for found in read)


def test_how_the_network_cuts_a_stream_does_not_matter(protocol: Protocol) -> None:
    for found in piece_rows(protocol, longest=6_000):
        assert (found.mode, found.reasons("unexplained"), found.raised) == (found.mode, {}, ())
        assert found.records > 5


def test_a_stream_cut_before_its_evidence_is_a_failure_that_holds_what_came(protocol: Protocol) -> None:
    for found in cut_rows(protocol):
        assert (found.mode, found.reasons("unexplained"), found.raised) == (found.mode, {}, ())
        assert found.count("equal") == found.records > 1_000


def test_a_connection_that_ends_too_early_is_an_exception_that_holds_what_came(protocol: Protocol) -> None:
    for found in broken_rows(protocol, every=5):
        assert (found.mode, found.reasons("unexplained"), found.raised) == (found.mode, {}, ())
        assert found.count("equal") == found.records > 10


def test_recordings_that_were_damaged_raise_nothing(protocol: Protocol) -> None:
    for found in damage_rows(protocol, times=2):
        assert (found.mode, found.reasons("unexplained"), found.raised) == (found.mode, {}, ())
        assert found.records > 20


def test_recorded_requests_are_written_again_but_for_what_is_declared(
    protocol: Protocol, rewritten: dict[str, Row]
) -> None:
    found = rewritten[protocol.name]
    assert (found.reasons("unexplained"), found.raised) == ({}, ())
    assert found.count("excused") <= 1


def test_nothing_is_declared_that_does_not_happen(rewritten: dict[str, Row]) -> None:
    met = {
        it.name: {
            *rewritten[it.name].reasons("same"),
            *(why for _, made in made_up(it) for why in rewriting(it, made).why),
        }
        for it in PROTOCOLS
    }
    everywhere = {*EVERYWHERE, TOLD}
    assert {name: met[name] - everywhere for name in met} == {
        name: rules.keys() for name, rules in RULES.items()
    }
    assert frozenset().union(*met.values()) >= everywhere


def found_of(item: Verdict | None) -> Verdict:
    if item is None:
        raise ValueError("no verdict")
    return item


def test_a_row_counts_what_was_found_and_survives_what_is_raised() -> None:
    found = row("mode", found_of, [EQUAL, excused("why"), unexplained("x: text"), None])
    assert (found.records, found.share("equal"), found.reasons("unexplained")) == (4, 25.0, {"x: text": 1})
    assert found.raised == ("None: ValueError('no verdict')",)


def test_the_table_names_all_that_is_not_equal() -> None:
    found = row("mode", found_of, [EQUAL, excused("why"), unexplained("x: text"), None])
    lines = list(table(PROTOCOLS[0], [found]))
    assert lines[1].split() == ["mode", "4", "1", "0", "25.00", "1", "1", "1"]
    assert lines[2:] == [
        "  excused, mode: 1 x why",
        "  unexplained, mode: 1 x x: text",
        "  raised, mode: None: ValueError('no verdict')",
    ]
