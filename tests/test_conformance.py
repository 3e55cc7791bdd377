"""The tables of `just conformance`, as figures that must hold."""

from __future__ import annotations

import pytest
from conformance import (
    corruption_rows,
    cut_rows,
    interruption_rows,
    piece_rows,
    read_rows,
    request_row,
    table,
)
from support.comparison import EQUAL, Comparison, Row, compare_all, excused, unexplained
from support.corpus import exchanges
from support.handmade_requests import handmade_exchanges
from support.protocols import PROTOCOLS, Protocol
from support.request_comparison import EVERYWHERE, REPORTED, RULES, compare_rewritten_request
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


def test_recorded_answers_are_read_correctly(read: list[Row]) -> None:
    assert [(row.mode, row.raised) for row in read if row.raised] == []
    assert [row.mode for row in read if row.share(*KNOWN) < NEARLY_ALL] == []


def test_every_difference_has_a_known_reason(read: list[Row]) -> None:
    assert [why for row in read for why in row.reasons("unexplained")] == []


def test_every_known_reason_occurs(protocol: Protocol, read: list[Row]) -> None:
    met = {kind: {why for row in read for why in row.reasons(kind)} for kind in ("same", "excused")}
    assert met["same"] == SAME.get(protocol.name, {}).keys()
    assert met["excused"] >= EXCUSES.get(protocol.name, {}).keys()


def test_the_better_reading_is_rarely_the_reason(read: list[Row]) -> None:
    assert sum(row.count("excused") for row in read) <= 0.025 * sum(row.records for row in read)


def test_how_the_network_cuts_a_stream_does_not_matter(protocol: Protocol) -> None:
    for row in piece_rows(protocol, longest=6_000):
        assert (row.mode, row.reasons("unexplained"), row.raised) == (row.mode, {}, ())
        assert row.records > 5


def test_a_stream_that_is_cut_off_is_a_failure_with_the_partial_reply(protocol: Protocol) -> None:
    for row in cut_rows(protocol):
        assert (row.mode, row.reasons("unexplained"), row.raised) == (row.mode, {}, ())
        assert row.count("equal") == row.records > 1_000


def test_a_connection_that_ends_too_early_is_an_exception_with_the_partial_reply(protocol: Protocol) -> None:
    for row in interruption_rows(protocol, every=5):
        assert (row.mode, row.reasons("unexplained"), row.raised) == (row.mode, {}, ())
        assert row.count("equal") == row.records > 10


def test_corrupted_recordings_raise_nothing(protocol: Protocol) -> None:
    for row in corruption_rows(protocol, times=2):
        assert (row.mode, row.reasons("unexplained"), row.raised) == (row.mode, {}, ())
        assert row.records > 20


def test_recorded_requests_are_encoded_again_with_known_differences_only(
    protocol: Protocol, rewritten: dict[str, Row]
) -> None:
    row = rewritten[protocol.name]
    assert (row.reasons("unexplained"), row.raised) == ({}, ())
    assert row.count("excused") <= 1


def test_every_rule_for_requests_is_used(rewritten: dict[str, Row]) -> None:
    met = {
        it.name: {
            *rewritten[it.name].reasons("same"),
            *(why for _, made in handmade_exchanges(it) for why in compare_rewritten_request(it, made).why),
        }
        for it in PROTOCOLS
    }
    everywhere = {*EVERYWHERE, REPORTED}
    assert {name: met[name] - everywhere for name in met} == {
        name: rules.keys() for name, rules in RULES.items()
    }
    assert frozenset().union(*met.values()) >= everywhere


def comparison_of(item: Comparison | None) -> Comparison:
    if item is None:
        raise ValueError("no comparison")
    return item


def test_a_row_counts_results_and_exceptions() -> None:
    row = compare_all("mode", comparison_of, [EQUAL, excused("why"), unexplained("x: text"), None])
    assert (row.records, row.share("equal"), row.reasons("unexplained")) == (4, 25.0, {"x: text": 1})
    assert row.raised == ("None: ValueError('no comparison')",)


def test_the_table_lists_every_difference() -> None:
    row = compare_all("mode", comparison_of, [EQUAL, excused("why"), unexplained("x: text"), None])
    lines = list(table(PROTOCOLS[0], [row]))
    assert lines[1].split() == ["mode", "4", "1", "0", "25.00", "1", "1", "1"]
    assert lines[2:] == [
        "  excused, mode: 1 x why",
        "  unexplained, mode: 1 x x: text",
        "  raised, mode: None: ValueError('no comparison')",
    ]
