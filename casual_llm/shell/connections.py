"""Pool connections per event loop and route, with the proxies and certificates of the environment.

The pool of the HTTP library inspects every connection for each request, so ours hold at most ten
connections each, and there are as many pools as needed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from functools import lru_cache
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import define, field, frozen

from casual_llm.errors import ConfigurationError
from casual_llm.shell.http_errors import without_frames
from casual_llm.shell.http_library import HttpLibrary, HttpPool

_POOL_SIZE = 10
_KEEPALIVE = 30.0


@define(eq=False)
class Pool:
    """At most ten connections, and the number of requests that use them."""

    http: HttpPool
    busy: int = 0
    abandoned: bool = False
    """Whether a response was left early; no further request is sent through the pool."""


@frozen
class Route:
    """What decides which pools can serve a request; the proxy's URL may hold a password."""

    secure: bool
    proxy: str | None = field(repr=False)


@define(eq=False)
class Connections:
    """The pools of one transport; each belongs to the event loop that it was made in."""

    library: HttpLibrary = field(repr=False)
    http2: bool
    trust_env: bool
    _pools: dict[asyncio.AbstractEventLoop, dict[Route, list[Pool]]] = field(
        init=False, repr=False, factory=dict
    )
    _routes: dict[tuple[str, str], Route] = field(init=False, repr=False, factory=dict)

    def pool_for(self, url: str) -> Pool:
        """Return a pool with a free connection to the host of a URL."""
        route, loop = self._route(url), asyncio.get_running_loop()
        if loop not in self._pools:
            for ended in [known for known in self._pools if known.is_closed()]:
                del self._pools[ended]
        pools = self._pools.setdefault(loop, {}).setdefault(route, [])
        pools[:] = [pool for pool in pools if not pool.abandoned]
        for pool in pools:
            if pool.busy < _POOL_SIZE:
                return pool
        pools.append(Pool(_new_pool(self.library, route, http2=self.http2, trust_env=self.trust_env)))
        return pools[-1]

    async def aclose(self) -> None:
        """Close the connections of the running event loop; those of ended loops are gone."""
        routes = self._pools.pop(asyncio.get_running_loop(), {})
        for pool in [pool for pools in routes.values() for pool in pools]:
            await pool.http.aclose()

    def _route(self, url: str) -> Route:
        parts = urlsplit(url)
        origin = (parts.scheme, parts.netloc.rpartition("@")[2])
        if origin not in self._routes:
            proxy = _proxy(*origin) if self.trust_env else None
            self._routes[origin] = Route(secure=parts.scheme == "https", proxy=proxy)
        return self._routes[origin]


def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _new_pool(library: HttpLibrary, route: Route, *, http2: bool, trust_env: bool) -> HttpPool:
    limits = library.limits(max_keepalive_connections=_POOL_SIZE, keepalive_expiry=_KEEPALIVE)
    if http2 and find_spec("h2") is None:
        raise ConfigurationError('http2: it needs an extra; run: pip install "casual-llm[http2]"')
    if http2:
        logging.getLogger("hpack.hpack").addFilter(_above_debug)
    # A route without TLS gets a context that trusts nobody, which costs nothing to make.
    verify = _trust(library, trust_env=trust_env) if route.secure else empty_context()
    try:
        return library.pool(verify=verify, proxy=route.proxy, http2=http2, limits=limits)
    except ImportError as error:
        raise ConfigurationError(f"proxy: {error}") from without_frames(error)
    except ValueError:
        problem = "the URL of the environment's proxy is neither http nor socks"
        raise ConfigurationError(f"proxy: {problem}; correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY") from None


def _above_debug(record: logging.LogRecord) -> bool:
    # The compression of HTTP/2 headers logs every header but `authorization`, so also keys in `x-api-key`.
    return record.levelno > logging.DEBUG


def empty_context() -> ssl.SSLContext:
    """Return a context that trusts nobody, for connections without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trust(library: HttpLibrary, *, trust_env: bool) -> ssl.SSLContext:
    files = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")] if trust_env else []
    try:
        return _shared_context(library, *files)
    except OSError as error:
        paths = " or ".join(file for file in files if file)
        problem = f"no certificates can be read from {paths}"
        raise ConfigurationError(f"SSL_CERT_FILE: {problem}; use the path of a PEM file") from error


@lru_cache(maxsize=8)
def _shared_context(library: HttpLibrary, *files: str | None) -> ssl.SSLContext:
    # Loading the certificates takes 28 ms, so all pools of a process share one context.
    return library.ssl_context(trust_env=bool(files))
