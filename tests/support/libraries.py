"""The HTTP libraries, so that a test runs with each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from casual_llm.shell.http_library import HttpLibrary, httpx2_library, httpx_library


@pytest.fixture(params=[httpx_library, httpx2_library], ids=["httpx", "httpx2"])
def each_library(request: pytest.FixtureRequest) -> HttpLibrary:
    load: Callable[[], HttpLibrary] = request.param
    return load()
