"""Downloading images: over real sockets, in a world whose names and public addresses a test chooses."""

from __future__ import annotations

import asyncio
import base64
import gzip
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from attrs import define, field
from support.builders import PIXEL
from support.libraries import each_library
from support.servers import (
    END,
    Script,
    Server,
    piece,
    response,
    sends,
    sends_then_hangs,
    sends_then_resets,
    serving,
)

from casual_llm.errors import CasualLLMError, ImageFetchError
from casual_llm.shell.download import Network, fetch_image_as_base64
from casual_llm.shell.http_library import HttpLibrary
from casual_llm.wire.addresses import refused_address

library = each_library

SECRET = "token=s3cret"
IMAGE = response(PIXEL, kind="image/png")
LOOPBACK = "127.0.0.1"


@define
class World:
    """Names and their addresses; loopback counts as public, other addresses as they do."""

    names: Mapping[str, Sequence[str]] = field(factory=lambda: {"pictures.test": [LOOPBACK]})
    asked: list[str] = field(factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.names.get(host, ())

    def refused(self, address: str) -> str | None:
        return None if address == LOOPBACK else refused_address(address)

    def network(self, **limits: Any) -> Network:  # noqa: ANN401 # limits of a network
        return Network(**{"resolve": self.resolve, "refused": self.refused, "deadline": 5.0, **limits})


def port_of(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[0]


async def fetch(script: Script, path: str = "/cat.png", **limits: Any) -> tuple[str, str]:  # noqa: ANN401
    async with serving(script) as server:
        url = f"http://pictures.test:{port_of(server.url)}{path}"
        return await fetch_image_as_base64(url, network=World().network(**limits))


async def test_an_image_is_given_in_base64_with_the_type_of_its_bytes(library: HttpLibrary) -> None:
    world = World()
    async with serving(sends(IMAGE)) as server:
        port = port_of(server.url)
        url = f"http://pictures.test:{port}/a%20b/cat.png?{SECRET}#top"
        assert await fetch_image_as_base64(url, network=world.network(library=library)) == (
            base64.b64encode(PIXEL).decode(),
            "image/png",
        )
    head = server.received[0].head
    assert head.startswith(f"GET /a%20b/cat.png?{SECRET} HTTP/1.1\r\n")
    assert f"host: pictures.test:{port}\r\n" in head.lower()
    assert "accept-encoding: identity\r\n" in head.lower()
    assert world.asked == [f"pictures.test:{port}"]


def chunked(*headers: bytes) -> bytes:
    head = b"".join(header + b"\r\n" for header in (b"transfer-encoding: chunked", *headers))
    return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + piece(PIXEL[:9]) + piece(PIXEL[9:]) + END


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b"content-type: image/png; charset=binary"],
        [b"content-type: application/octet-stream"],
        [b"content-encoding: Identity"],
        [b"location: http://10.0.0.1/"],
    ],
)
async def test_a_server_may_say_little_about_an_image(headers: list[bytes], library: HttpLibrary) -> None:
    assert (await fetch(sends(chunked(*headers)), library=library))[1] == "image/png"


LARGE = b"content-length: 9" + b"9" * 17
ANSWERS: dict[str, tuple[Script, str]] = {
    "no such page": (sends(response(b"", status="404 Not Found")), "its server answered 404"),
    "a redirect to nowhere": (sends(response(b"", status="302 Found")), "its server answered 302"),
    "a part of it": (sends(response(PIXEL, status="206 Partial Content")), "its server answered 206"),
    "a page": (sends(response(b"<html>", kind="text/html")), "not a PNG, JPEG, GIF or WebP image"),
    "nothing": (sends(response(b"", kind="image/png")), "not a PNG, JPEG, GIF or WebP image"),
    "a page that is an image": (
        sends(response(PIXEL, kind="text/html")),
        "declared as text/html, but its bytes are image/png",
    ),
    "an image of another kind": (
        sends(response(PIXEL, kind="image/gif")),
        "declared as image/gif, but its bytes are image/png",
    ),
    "a compressed image": (
        sends(response(gzip.compress(PIXEL), kind="image/png", content_encoding="gzip")),
        "it is compressed, although no compression was requested",
    ),
    "a length that is too large": (
        sends(b"HTTP/1.1 200 OK\r\n" + LARGE[:29] + b"\r\n\r\n" + PIXEL),
        "it is larger than 10,485,760 bytes",
    ),
    "a length that no computer has": (
        sends(b"HTTP/1.1 200 OK\r\n" + LARGE + b"9\r\n\r\n" + PIXEL),
        "it is larger than 10,485,760 bytes",
    ),
    "a broken connection": (
        sends_then_resets(IMAGE[:-9]),
        "the connection broke, or its server does not speak HTTP",
    ),
    "another protocol": (
        sends_then_resets(b"SSH-2.0-" + SECRET.encode() + b"\r\n"),
        "the connection broke, or its server does not speak HTTP",
    ),
}


@pytest.mark.parametrize(("script", "problem"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_that_is_no_image_is_an_error_that_names_the_host_alone(
    script: Script, problem: str, library: HttpLibrary
) -> None:
    with pytest.raises(ImageFetchError) as raised:
        await fetch(script, f"/private/cat.png?{SECRET}", library=library)
    remedy = "download it yourself and pass its bytes, or use read_image(path)"
    assert str(raised.value) == f"image at pictures.test: {problem}; {remedy}"
    assert isinstance(raised.value, CasualLLMError)


@pytest.mark.parametrize("answer", [chunked(), IMAGE], ids=["without its length", "with its length"])
async def test_an_image_may_be_as_large_as_allowed_and_no_larger(answer: bytes, library: HttpLibrary) -> None:
    assert await fetch(sends(answer), library=library, largest=len(PIXEL))
    with pytest.raises(ImageFetchError, match=f"larger than {len(PIXEL) - 1} bytes"):
        await fetch(sends(answer), library=library, largest=len(PIXEL) - 1)


@pytest.mark.parametrize("received", [b"", IMAGE[:-9]], ids=["silent", "stops in the middle"])
async def test_all_of_it_has_one_deadline(received: bytes, library: HttpLibrary) -> None:
    with pytest.raises(ImageFetchError, match=r"image at pictures.test: it took longer than 0\.2 seconds"):
        await fetch(sends_then_hangs(received), library=library, deadline=0.2)


async def test_a_cancelled_download_is_not_reported_as_late() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(fetch(sends_then_hangs()), 0.2)


# Where it may go.

URLS: dict[str, tuple[object, str]] = {
    "another scheme": (f"ftp://pictures.test/a?{SECRET}", "pictures.test: its URL must be http or https"),
    "a file": ("file:///etc/passwd", "its URL must be http or https, with a host"),
    "no scheme": (f"pictures.test/a?{SECRET}", "its URL must be http or https, with a host"),
    "no host": (f"http:///a?{SECRET}", "its URL must be http or https, with a host"),
    "a port that is none": (f"http://pictures.test:65536/?{SECRET}", "its URL must be http or https"),
    "a user": (f"http://ann:{SECRET}@pictures.test/", "image at pictures.test: its URL holds a user"),
    "a broken URL": (f"http://[{SECRET}", "image: the URL cannot be read"),
    "a URL that is no text": (5, "image: the URL cannot be read"),
    "half a character": (f"http://pictures.test/\ud800?{SECRET}", "image: the URL cannot be read"),
    "a name that nobody knows": (f"http://none.invalid/?{SECRET}", "none.invalid: its host is not known"),
    "a name that is too long": (f"http://{'a' * 70}.test/?{SECRET}", "its host is not known"),
    "a name that is far too long": (f"http://{'a.' * 999}test/?{SECRET}", "a.test: its host is not known"),
    "this machine": (f"http://localhost/?{SECRET}", "image at localhost: its address is loopback"),
    "this machine with a dot": ("http://localhost./", "image at localhost.: its "),
    "this machine by address": ("http://127.1.2.3/", "its address is loopback"),
    "this machine by short address": ("http://127.1/", "its address is loopback"),
    "this machine in hexadecimal": ("http://0x7f.1/", "its address is loopback"),
    "this machine in octal": ("http://017700000001/", "its address is loopback"),
    "this machine as a number": ("http://2130706433/", "its address is loopback"),
    "this machine as zero": ("http://0/", "its address is unspecified"),
    "this machine in IPv6": ("http://[::1]:80/", "image at ::1: its address is loopback"),
    "this machine in IPv6 around IPv4": ("http://[::ffff:127.0.0.1]/", "an IPv4 address in another form"),
    "a private address": ("https://192.168.0.1:8443/", "its address is private"),
    "a metadata service": ("http://169.254.169.254/", "its address is the metadata service of a cloud"),
    "a zone": ("http://[fe80::1%25lo]/", "image: the URL cannot be read"),
}


@pytest.mark.parametrize(("url", "problem"), URLS.values(), ids=URLS.keys())
async def test_a_url_that_must_not_be_fetched_is_refused(
    url: str, problem: str, library: HttpLibrary
) -> None:
    with pytest.raises(ImageFetchError) as raised:
        await fetch_image_as_base64(url, network=Network(library=library))
    assert problem in str(raised.value)
    assert "read_image(path)" in str(raised.value)
    assert "s3cret" not in f"{raised.value!r}"


@pytest.mark.parametrize("addresses", [["10.0.0.1"], [LOOPBACK, "10.0.0.1"], ["fe80::1%lo", LOOPBACK]])
async def test_every_address_of_a_name_must_be_public(addresses: list[str], library: HttpLibrary) -> None:
    world = World({"pictures.test": addresses})
    async with serving(sends(IMAGE)) as server:
        url = f"http://pictures.test:{port_of(server.url)}/"
        with pytest.raises(ImageFetchError, match=r"image at pictures\.test: its address is"):
            await fetch_image_as_base64(url, network=world.network(library=library))
    assert server.connections == 0


async def test_the_next_address_is_tried_where_one_does_not_answer(library: HttpLibrary) -> None:
    world = World({"pictures.test": ["127.0.0.2", "127.0.0.3", LOOPBACK]})
    async with serving(sends(IMAGE)) as server:
        url = f"http://pictures.test:{port_of(server.url)}/"
        network = world.network(library=library, refused=lambda _: None)
        assert (await fetch_image_as_base64(url, network=network))[1] == "image/png"
    assert len(world.asked) == 1


async def test_a_server_that_is_not_there_is_an_error(library: HttpLibrary) -> None:
    async with serving(sends(IMAGE)) as server:
        url = f"http://pictures.test:{port_of(server.url)}/?{SECRET}"
    with pytest.raises(ImageFetchError, match=r"its server cannot be reached \([^)]+\); download"):
        await fetch_image_as_base64(url, network=World().network(library=library))


async def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, library: HttpLibrary
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await fetch(sends(IMAGE), library=library)


# Where it may be sent on to.


@asynccontextmanager
async def site(pages: dict[str, bytes]) -> AsyncIterator[tuple[Server, str]]:
    """Serve pages by their paths, and give the port; pages may be added."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(pages[server.received[-1].head.split()[1]])
        await writer.drain()

    async with serving(script) as server:
        yield server, port_of(server.url)


def to(location: str, status: str = "302 Found") -> bytes:
    return response(b"elsewhere", status=status, location=location)


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_a_redirect_is_followed(status: str, library: HttpLibrary) -> None:
    world = World({"pictures.test": [LOOPBACK], "other.test": [LOOPBACK]})
    pages = {"/a/b?x=1": to("../c?y=2", status), "/d": IMAGE}
    async with site(pages) as (server, port):
        pages["/c?y=2"] = to(f"//other.test:{port}/d#top", status)
        assert await fetch_image_as_base64(
            f"http://pictures.test:{port}/a/b?x=1", network=world.network(library=library)
        )
    assert world.asked == [f"{name}.test:{port}" for name in ("pictures", "pictures", "other")]
    assert [
        f"host: {name}.test:{port}" in it.head.lower()
        for name, it in zip(("pictures", "pictures", "other"), server.received, strict=True)
    ] == [True] * 3


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("http://10.0.0.1/?s3cret", "image at 10.0.0.1: its address is private"),
        ("http://inside.test/?s3cret", "image at inside.test: its address is private"),
        ("//169.254.169.254/latest/meta-data", "its address is the metadata service of a cloud"),
        ("file:///etc/passwd?s3cret", "its URL must be http or https"),
        ("http://ann:s3cret@pictures.test/", "its URL holds a user or password"),
        ("http://[s3cret", "image: the URL that pictures.test redirects to cannot be read"),
    ],
)
async def test_a_redirect_leads_nowhere_that_a_url_may_not(
    location: str, problem: str, library: HttpLibrary
) -> None:
    names = {"pictures.test": [LOOPBACK], "10.0.0.1": ["10.0.0.1"], "inside.test": ["10.0.0.2"]}
    world = World({**names, "169.254.169.254": ["169.254.169.254"]})
    async with site({"/": to(location)}) as (_, port):
        with pytest.raises(ImageFetchError) as raised:
            await fetch_image_as_base64(
                f"http://pictures.test:{port}/", network=world.network(library=library)
            )
    assert problem in str(raised.value)
    assert "s3cret" not in str(raised.value)


async def test_a_name_that_means_another_address_after_a_redirect_is_checked_again(
    library: HttpLibrary,
) -> None:
    world = World(names := {"pictures.test": [LOOPBACK]})

    async def resolve(host: str, port: int) -> Sequence[str]:
        found = await world.resolve(host, port)
        names["pictures.test"] = ["10.0.0.1"]
        return found

    async with site({"/": to("/again"), "/again": IMAGE}) as (server, port):
        with pytest.raises(ImageFetchError, match="private"):
            await fetch_image_as_base64(
                f"http://pictures.test:{port}/", network=world.network(library=library, resolve=resolve)
            )
    assert len(server.received) == 1


@pytest.mark.parametrize("redirects", [5, 6])
async def test_five_redirects_are_followed_and_no_sixth(redirects: int, library: HttpLibrary) -> None:
    pages = {f"/{index}": to(f"/{index + 1}") for index in range(redirects)}
    async with site({**pages, f"/{redirects}": IMAGE}) as (server, port):
        fetching = fetch_image_as_base64(
            f"http://pictures.test:{port}/0", network=World().network(library=library)
        )
        (result,) = await asyncio.gather(fetching, return_exceptions=True)
    assert len(server.received) == 6
    assert isinstance(result, ImageFetchError) == (redirects == 6)


# Whose certificate it must be.


@asynccontextmanager
async def secure_site(authority: trustme.CA, host: str, asked: list[str | None]) -> AsyncIterator[str]:
    """Serve an image by TLS, with a certificate for the host; `asked` gets the names that clients ask for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    context.sni_callback = lambda _, name, __: asked.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(IMAGE)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0, ssl=context) as listener:
        yield str(listener.sockets[0].getsockname()[1])


async def fetch_securely(host: str, **limits: Any) -> tuple[tuple[str, str], list[str | None]]:  # noqa: ANN401
    authority, asked, context = trustme.CA(), list[str | None](), ssl.create_default_context()
    authority.configure_trust(context)
    async with secure_site(authority, host, asked) as port:
        network = World().network(**{"trusted": lambda: context, **limits})
        return await fetch_image_as_base64(f"https://pictures.test:{port}/", network=network), asked


async def test_the_certificate_is_asked_for_and_checked_by_the_name_of_the_host(library: HttpLibrary) -> None:
    assert await fetch_securely("pictures.test", library=library) == (
        (base64.b64encode(PIXEL).decode(), "image/png"),
        ["pictures.test"],
    )


@pytest.mark.parametrize("host", ["other.test", LOOPBACK])
async def test_the_certificate_of_another_host_is_refused(host: str, library: HttpLibrary) -> None:
    with pytest.raises(ImageFetchError, match=r"its server cannot be reached \(.*CERTIFICATE_VERIFY_FAILED"):
        await fetch_securely(host, library=library)


async def test_a_certificate_of_an_authority_that_nobody_knows_is_refused(library: HttpLibrary) -> None:
    with pytest.raises(ImageFetchError, match="CERTIFICATE_VERIFY_FAILED"):
        await fetch_securely("pictures.test", library=library, trusted=Network().trusted)
