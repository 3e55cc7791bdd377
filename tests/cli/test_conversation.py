"""The conversation, with its keys pressed in this process."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cli.commands import (
    NO_KEYS,
    PARIS,
    YES,
    answering,
    beginning,
    interrupts_after,
    one_after_another,
    stream,
)
from cli.terminal import CTRL_C, CTRL_D, ENTER
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from support.servers import END, Script, response, sends

from casual_llm import AssistantMessage, Reply
from casual_llm.cli.app import app

Talk = Callable[..., object]


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """Hold a conversation with a server by pressing these keys; return the exit code."""
    person, command = pty.openpty()

    def talk(url: str, keys: str | bytes, *flags: str) -> object:
        with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
            keyboard.send_bytes(keys if isinstance(keys, bytes) else keys.encode())
            with pytest.raises(SystemExit) as ended:
                app(["chat", "--base-url", url, "-m", "gpt", *flags])
        return ended.value.code

    with os.fdopen(command) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        for variable in NO_KEYS:
            monkeypatch.delenv(variable, raising=False)
        yield talk
    os.close(person)


def contents(body: dict[str, Any]) -> list[object]:
    return [message["content"] for message in body["messages"]]


def test_each_turn_sends_the_whole_conversation(talk: Talk) -> None:
    with answering(sends(stream(YES))) as server:
        talk(server.url, f"One?{ENTER}Two?{ENTER}Three?{ENTER}{CTRL_D}", "--system", "Be brief.")
    assert [contents(body) for body in server.bodies] == [
        ["Be brief.", "One?"],
        ["Be brief.", "One?", "Yes.", "Two?"],
        ["Be brief.", "One?", "Yes.", "Two?", "Yes.", "Three?"],
    ]


def test_one_connection_serves_all_turns(talk: Talk) -> None:
    with answering(sends(stream(YES))) as server:
        talk(server.url, f"One?{ENTER}Two?{ENTER}{CTRL_D}")
    assert server.server.connections == 1


def test_ctrl_d_ends_with_success(talk: Talk) -> None:
    with answering(sends(stream(YES))) as server:
        assert talk(server.url, CTRL_D) == 0
    assert server.bodies == []


def test_ctrl_c_at_the_prompt_clears_the_line(talk: Talk) -> None:
    with answering(sends(stream(YES))) as server:
        assert talk(server.url, f"One?{CTRL_C}{ENTER}  {ENTER}Two?{ENTER}{CTRL_D}") == 0
    assert [contents(body) for body in server.bodies] == [["Two?"]]


def test_an_answer_stopped_by_ctrl_c_keeps_the_text_that_arrived(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    script = one_after_another(interrupts_after(beginning("Once upon")), sends(stream(YES)))
    with answering(script) as server:
        code = talk(server.url, f"A story!{ENTER}Go on.{ENTER}{CTRL_D}")
        assert server.client_hung_up()
    assert code == 0
    assert contents(server.bodies[1]) == ["A story!", "Once upon", "Go on."]
    assert capsys.readouterr() == ("Once upon\nYes.\n", "")


def test_a_question_stopped_before_its_answer_is_removed(talk: Talk) -> None:
    with answering(one_after_another(interrupts_after(), sends(stream(YES)))) as server:
        talk(server.url, f"One?{ENTER}Two?{ENTER}{CTRL_D}")
    assert contents(server.bodies[1]) == ["Two?"]


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (
            sends(response(b'{"error": "busy"}', "500 Internal Server Error")),
            "the provider answered 500",
        ),
        (sends(beginning("Once"), END), "the stream ended before it was complete"),
    ],
)
def test_a_turn_that_fails_is_reported_in_one_line_and_removed(
    failure: Script, line: str, talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(one_after_another(failure, sends(stream(YES)))) as server:
        code = talk(server.url, f"One?{ENTER}Two?{ENTER}{CTRL_D}")
    assert code == 0
    assert contents(server.bodies[1]) == ["Two?"]
    assert capsys.readouterr().err.splitlines()[0].startswith(f"error: {line}")


def test_a_line_that_is_not_valid_text_is_reported_in_one_line_and_removed(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(sends(stream(YES))) as server:
        code = talk(server.url, b"\xff\rTwo?\r\x04")
    assert code == 0
    assert [contents(body) for body in server.bodies] == [["Two?"]]
    assert capsys.readouterr().err.startswith("error: ")


def test_a_question_that_gets_an_empty_answer_is_removed(talk: Talk) -> None:
    silence = Reply(message=AssistantMessage(content=""), finish_reason="stop")
    with answering(one_after_another(sends(stream(silence)), sends(stream(YES)))) as server:
        talk(server.url, f"One?{ENTER}Two?{ENTER}{CTRL_D}")
    assert contents(server.bodies[1]) == ["Two?"]


def test_images_are_shown_with_the_first_question_that_is_answered(talk: Talk) -> None:
    failure = sends(response(b"", "503 Service Unavailable"))
    with answering(one_after_another(failure, sends(stream(YES)), sends(stream(YES)))) as server:
        flags = ["--image", "https://example.com/cat.png"]
        talk(server.url, f"One?{ENTER}Two?{ENTER}Three?{ENTER}{CTRL_D}", *flags)
    image = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    assert contents(server.bodies[2]) == [[{"type": "text", "text": "Two?"}, image], "Yes.", "Three?"]


def test_usage_follows_each_answer(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(sends(stream(PARIS))) as server:
        talk(server.url, f"One?{ENTER}Two?{ENTER}{CTRL_D}", "--usage")
    assert capsys.readouterr().err == "usage: prompt 9, completion 4, total 13 tokens\n" * 2


def test_json_is_for_one_question(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    assert talk("http://127.0.0.1:1/v1", "", "--json") == 2
    assert capsys.readouterr().err.startswith("error: --json")
