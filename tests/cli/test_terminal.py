"""A conversation at a real terminal, most of it with the real model."""

from __future__ import annotations

from cli.commands import YES, answering, stream
from cli.terminal import CTRL_C, CTRL_D, ENTER, PROMPT, TYPED, UP, terminal
from support.servers import sends

from casual_llm import AssistantMessage, Reply


def test_a_conversation_goes_on_after_ctrl_c_and_ends_with_ctrl_d() -> None:
    with terminal("chat", "--max-tokens", "200") as person:
        person.see(PROMPT)
        person.press("What is the capital of France?" + ENTER)
        person.see("The capital of France is Paris.")
        person.see(PROMPT)
        person.press("And of Italy?" + ENTER)
        person.see("The capital of Italy is Rome.")
        person.see(PROMPT)
        person.press("Write a long story about a dog." + ENTER)
        person.see("Once")
        person.press(CTRL_C)
        assert len(person.see(PROMPT)) < 300
        person.press("half a line" + CTRL_C)
        person.see(PROMPT)
        person.press("Thank you!" + ENTER)
        person.see(TYPED)
        assert person.see(PROMPT).removesuffix(PROMPT).strip()
        person.press(CTRL_D)
        assert person.leave() == 0
        assert "Traceback" not in person.transcript + person.screen


def test_the_arrow_key_brings_the_last_question_back() -> None:
    with (
        answering(sends(stream(YES))) as server,
        terminal("chat", "--base-url", server.url, "-m", "gpt") as person,
    ):
        person.see(PROMPT)
        person.press("Really?" + ENTER)
        person.see(PROMPT)
        person.press(UP + ENTER)
        person.see(PROMPT)
        person.press(CTRL_D)
        assert person.leave() == 0
    assert [message["content"] for message in server.bodies[1]["messages"]] == ["Really?", "Yes.", "Really?"]


def test_an_answer_cannot_command_the_terminal() -> None:
    tricky = AssistantMessage(content="\x1b]52;c;cm0gLXJm\x07\x9b31mred\r\n\tDone.")
    with (
        answering(sends(stream(Reply(message=tricky, finish_reason="stop")))) as server,
        terminal("chat", "Hi", "--base-url", server.url, "-m", "gpt") as person,
    ):
        assert person.see("Done.") == "]52;c;cm0gLXJm31mred\r\n\tDone."
        assert person.leave() == 0


def test_a_failed_question_at_a_terminal_is_one_line() -> None:
    with terminal("chat", "Hi", "--temperature", "nan") as person:
        assert person.see("unset\r\n").startswith("error: --temperature: nan is not finite")
        assert person.leave() == 2
