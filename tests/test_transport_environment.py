from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack

import pytest
from support.downloads import body_of, fetch
from support.libraries import each_library
from support.servers import (
    proxying,
    response,
    sends,
    serving,
)

from casual_llm import ConfigurationError, TransportError
from casual_llm.shell.http_library import HttpLibrary
from casual_llm.shell.transport import HttpTransport

library = each_library


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize("scheme", ["http://", ""], ids=["as a URL", "as host and port"])
async def test_a_proxy_and_an_authority_named_in_the_environment_are_used(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    scheme: str,
    library: HttpLibrary,
) -> None:
    transport = HttpTransport(library=library)
    certificates = tmp_path_factory.mktemp("trust") / "ca.pem"
    async with serving(sends(response(b"through the tunnel"))) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        with ExitStack() as stack:
            proxy = stack.enter_context(proxying(port, "api.example.com"))
            proxy.authority.cert_pem.write_to_path(str(certificates))
            monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
            monkeypatch.setenv("HTTPS_PROXY", scheme + proxy.url.removeprefix("http://"))
            assert await body_of(transport, "https://api.example.com/v1") == b"through the tunnel"
            assert proxy.asked == ["api.example.com:443"]
            await transport.aclose()
            await asyncio.to_thread(stack.close)  # its threads end when this loop lets the server answer


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize("trust_env", [True, False])
async def test_no_proxy_keeps_a_host_off_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
    trust_env: bool,  # noqa: FBT001
    library: HttpLibrary,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    if trust_env:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with serving(sends(response(b"direct"))) as server:
        assert await fetch(server.url, library=library, trust_env=trust_env) == b"direct"


@pytest.mark.usefixtures("_no_proxy")
@pytest.mark.parametrize(
    "proxy", ["gopher://127.0.0.1:1", "socks5://u:secret@127.0.0.1:1", "http://127.0.0.1:no"]
)
async def test_a_proxy_that_cannot_be_used_is_an_error_of_configuration(
    monkeypatch: pytest.MonkeyPatch, proxy: str, library: HttpLibrary
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(ConfigurationError) as caught:
        await fetch("http://example.com", library=library)
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("_no_proxy")
async def test_an_error_is_not_its_own_cause(monkeypatch: pytest.MonkeyPatch, library: HttpLibrary) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(ConfigurationError) as caught:
        await fetch("http://example.com", library=library)
    assert caught.value.__cause__ is not caught.value


async def test_certificates_that_cannot_be_read_are_an_error_of_configuration(
    monkeypatch: pytest.MonkeyPatch, library: HttpLibrary
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")
    with pytest.raises(
        ConfigurationError, match=r"SSL_CERT_FILE: no certificates can be read from missing\.pem"
    ):
        await fetch("https://127.0.0.1:9", library=library)
    with pytest.raises(TransportError, match="cannot reach"):
        await fetch("https://127.0.0.1:9", library=library, trust_env=False)


async def test_http_2_without_its_extra_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, library: HttpLibrary
) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    with pytest.raises(ConfigurationError, match=r'pip install "casual-llm\[http2\]"'):
        await fetch("http://127.0.0.1:9", library=library, http2=True)


async def test_a_transport_may_offer_http_2(library: HttpLibrary) -> None:
    async with serving(sends(response(b"hello"))) as server:
        assert await fetch(server.url, library=library, http2=True) == b"hello"
