"""`casual-llm chat` with one question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import CODEC, PARIS, answering, beginning, interrupts_after, run, stream
from support.builders import CAPITAL, PNG_SIGNATURE, PNG_SIGNATURE_BASE64
from support.servers import END, STREAM_HEAD, piece, response, sends

from casual_llm import AssistantMessage, Reply
from casual_llm.cli.app import app


def test_the_embedded_model_answers() -> None:
    result = run("chat", CAPITAL, "--usage")
    assert result.stdout == "The capital of France is Paris.\n"
    assert result.stderr == "usage: prompt 27, completion 8, total 35 tokens\n"
    assert result.exit_code == 0


def test_the_answer_is_printed_as_it_was_streamed() -> None:
    with answering(sends(stream(PARIS))) as server:
        result = run("chat", CAPITAL, "--base-url", server.url, "-m", "gpt")
    assert (result.stdout, result.stderr, result.exit_code) == ("The capital\nis Paris.\n", "", 0)
    assert server.bodies[0]["stream"] is True


def test_what_is_not_given_is_not_sent() -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", CAPITAL, "--base-url", server.url, "-m", "gpt")
    assert server.bodies == [
        {
            "model": "gpt",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": CAPITAL}],
        }
    ]


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        ("--temperature 0", {"temperature": 0.0}),
        ("--max-tokens 5", {"max_tokens": 5}),
        ("--top-p 0.5", {"top_p": 0.5}),
        ("--top-k 3", {"top_k": 3}),
        ("--seed 7", {"seed": 7}),
        ("--stop a --stop b", {"stop": ["a", "b"]}),
        ("--frequency-penalty 1", {"frequency_penalty": 1.0}),
        ("--presence-penalty -1", {"presence_penalty": -1.0}),
    ],
)
def test_a_flag_is_sent_as_the_option_of_its_name(flags: str, sent: dict[str, object]) -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", CAPITAL, "--base-url", server.url, "-m", "gpt", *flags.split())
    assert {key: server.bodies[0][key] for key in sent} == sent


def test_the_system_message_comes_first() -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--system", "Be brief.")
    assert server.bodies[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def test_piped_text_is_the_question_where_there_is_none() -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "--base-url", server.url, "-m", "gpt", piped="  Is it\nraining?\n")
    assert server.bodies[0]["messages"][0]["content"] == "  Is it\nraining?"


def test_piped_text_follows_the_question() -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Summarise:", "--base-url", server.url, "-m", "gpt", piped="A long text.\n")
    assert server.bodies[0]["messages"][0]["content"] == "Summarise:\n\nA long text."


def test_a_question_needs_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with answering(sends(stream(PARIS))) as server, pytest.raises(SystemExit) as ended:
        app(["chat", "Hi", "--base-url", server.url, "-m", "gpt"])
    assert ended.value.code == 0
    assert server.bodies[0]["messages"][0]["content"] == "Hi"


@pytest.mark.parametrize(
    ("content", "charset", "shown"),
    [("Voilà!", "ascii", "Voil?!\n"), ("half a \\ud83d", "utf-8", "half a ?\n")],
)
def test_characters_that_cannot_be_printed_do_not_stop_the_answer(
    content: str, charset: str, shown: str
) -> None:
    frame = f'data: {{"choices": [{{"delta": {{"content": "{content}"}}, "finish_reason": "stop"}}]}}\n\n'
    with answering(sends(STREAM_HEAD, piece(frame.encode()), piece(b"data: [DONE]\n\n"), END)) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt", charset=charset)
    assert (result.stdout, result.exit_code) == (shown, 0)


def test_images_are_shown_with_the_question(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(PNG_SIGNATURE)
    images = ["--image", str(picture), "--image", "https://example.com/cat.jpg"]
    with answering(sends(stream(PARIS))) as server:
        run("chat", "What is this?", "--base-url", server.url, "-m", "gpt", *images)
    assert server.bodies[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG_SIGNATURE_BASE64}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.jpg"}},
    ]


def test_json_prints_the_whole_reply_as_one_object() -> None:
    with answering(sends(response(CODEC.write(PARIS).body))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--json")
    reply = json.loads(result.stdout)
    assert "stream" not in server.bodies[0]
    assert result.stdout.count("\n") == 1
    assert reply["message"]["content"] == "The capital\nis Paris."
    assert reply["usage"]["total_tokens"] == 13
    assert (reply["finish_reason"], reply["model"], reply["id"]) == ("stop", "scripted", "chatcmpl-1")


@pytest.mark.parametrize(
    ("flags", "answer"), [([], stream(PARIS)), (["--json"], response(CODEC.write(PARIS).body))]
)
def test_usage_is_one_line_on_stderr(flags: list[str], answer: bytes) -> None:
    with answering(sends(answer)) as server:
        result = run("chat", CAPITAL, "--base-url", server.url, "-m", "gpt", "--usage", *flags)
    assert result.stderr == "usage: prompt 9, completion 4, total 13 tokens\n"


def test_usage_that_was_not_reported_is_unknown() -> None:
    unreported = Reply(message=AssistantMessage(content="Hi."), finish_reason="stop")
    with answering(sends(stream(unreported))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--usage")
    assert result.stderr == "usage: prompt unknown, completion unknown, total unknown tokens\n"


def test_a_refusal_is_printed_as_the_answer() -> None:
    refusal = Reply(message=AssistantMessage(refusal="I would rather not."), finish_reason="stop")
    with answering(sends(stream(refusal))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt")
    assert result.stdout == "I would rather not.\n"


def test_the_key_of_a_named_server_comes_from_its_variable() -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--name", "groq", GROQ_API_KEY="gsk-1")
    assert "authorization: bearer gsk-1" in server.heads[0].lower()


def test_an_option_that_a_server_does_not_support_is_noted_on_stderr() -> None:
    with answering(sends(stream(PARIS))) as server:
        # OpenAI itself does not support top_k; the proxy of the environment stands in for its server.
        openai, proxy = "http://api.openai.com:8123/v1", server.url.removesuffix("/v1")
        flags = ["--base-url", openai, "-m", "gpt", "--top-k", "3"]
        result = run("chat", "Hi", *flags, HTTP_PROXY=proxy, http_proxy=proxy, OPENAI_API_KEY="sk-1234567")
    assert result.stderr == "note: options.top_k was dropped: openai does not support it\n"
    assert result.exit_code == 0


def test_ctrl_c_stops_the_answer_and_the_command() -> None:
    with answering(interrupts_after(beginning("Once upon a time"))) as server:
        result = run("chat", "Tell me a story.", "--base-url", server.url, "-m", "gpt")
        assert server.client_hung_up()
    assert (result.stdout, result.stderr, result.exit_code) == ("Once upon a time\n", "", 130)
