"""Every example of the documents is run with the embedded model, and nothing leaves the machine.

A `python` block is run. A `pycon` block is a session, and what it prints is compared. A `text` block
is the output of the block before it. The blocks of one document are one program: they share their
names and one event loop, and may use top-level await. The hosts in the examples are replaced by
a proxy on loopback that forwards to the embedded model, so the examples run unchanged.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import io
import re
import traceback
from collections.abc import Iterator
from contextlib import redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, Example as Exchange, OutputChecker
from pathlib import Path
from types import CodeType, FunctionType
from urllib.parse import SplitResult, unquote, urlsplit

import pytest
from attrs import define, field
from support.servers import Proxy, llama, proxying
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

import casual_llm

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {
    *("quick-start", "advanced-usage", "api-reference", "errors", "security", "design"),
    *("providers", "streaming", "structured-output", "conversions", "vision", "adding-a-provider"),
}
HOSTS = ("api.openai.com", "openrouter.ai", "api.anthropic.com")
"""The server of the embedded model supports OpenAI Chat and Anthropic Messages."""
KINDS = {"", "python", "pycon", "text", "console", "mermaid", "json", "toml"}
"""Blocks without a language are drawings."""

FENCE = re.compile(r"^ *```([^\n`]*)\n.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
NO_WORD = re.compile(r"[^\w -]")

document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)


@define
class Reader:
    """Runs the blocks of a document one after the other, as a reader would type them."""

    runner: asyncio.Runner
    blocks: list[str] = field(factory=list)
    """The source of each block, in the order of execution."""
    printed: str = ""

    def program(self, example: Example) -> str | None:
        """Run a block, or repeat the session that it shows."""
        source, self.printed = str(example.parsed), ""
        self.blocks.append(source)
        if source.startswith(">>>"):
            exchanges = DocTestParser().get_examples(source)
            return next(filter(None, (self._exchange(example, each) for each in exchanges)), None)
        with redirect_stdout(io.StringIO()) as output:
            self._run(example, source, "exec")
        self.printed = output.getvalue()
        return None

    def output(self, example: Example) -> str | None:
        """Compare a block with the output of the one before it."""
        printed, self.printed = self.printed, ""
        return _difference(Exchange("", str(example.parsed)), printed)

    def _exchange(self, example: Example, exchange: Exchange) -> str | None:
        with redirect_stdout(io.StringIO()) as output:
            try:
                self._run(example, exchange.source, "single", exchange.lineno)
            except Exception as error:
                if exchange.exc_msg is None:
                    raise
                raised = traceback.format_exception_only(error)[-1]
                return _difference(Exchange(exchange.source, exchange.exc_msg), raised)
        return _difference(exchange, output.getvalue())

    def _run(self, example: Example, source: str, mode: str, line: int = 0) -> None:
        padded = "\n" * (example.line + line) + source
        code: CodeType = compile(
            padded, example.path, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        outcome = FunctionType(code, example.namespace)()
        if inspect.iscoroutine(outcome):
            self.runner.run(outcome)


def _difference(exchange: Exchange, printed: str) -> str | None:
    checker, flags = OutputChecker(), ELLIPSIS | NORMALIZE_WHITESPACE
    if checker.check_output(exchange.want, printed, flags):
        return None
    return exchange.source + checker.output_difference(exchange, printed, flags)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Keep a server running, and return its port."""
    with llama() as port:
        yield port


@pytest.fixture
def proxy(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Replace the hosts by the embedded model, and run in an empty folder."""
    for variable in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "OLLAMA_HOST", "CASUAL_LLM_GGUF"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1,localhost")
    for variable in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, "sk-example")
    authority = tmp_path / "authority.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.chdir(tmp_path)
    with proxying(port, *HOSTS) as opened:
        for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, opened.url)
        opened.authority.cert_pem.write_to_path(str(authority))
        yield opened


@document
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("proxy")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a page does not have to close each client
def test_every_example_has_the_documented_result(path: Path) -> None:
    with asyncio.Runner() as runner:
        reader = Reader(runner)
        parsers = [CodeBlockParser(language, reader.program) for language in ("python", "pycon")]
        parsed = Sybil([*parsers, CodeBlockParser("text", reader.output)]).parse(path)
        parsed.namespace["__name__"] = "__main__"
        try:
            for example in parsed:
                example.evaluate()
        finally:
            parsed.namespace.clear()
    gc.collect()  # closes the connections that the page left open
    assert len(reader.blocks) == len(re.findall(r"(?mi)^\s*(?:```|~~~)\s*py", path.read_text("utf-8")))


@document
def test_every_block_has_a_known_language(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(FENCE.findall(text)) * 2 == len(re.findall(r"(?m)^\s*(?:```|~~~)", text))
    assert set(FENCE.findall(text)) <= KINDS


@document
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    targets = [urlsplit(unquote(target)) for target in LINK.findall(path.read_text("utf-8"))]
    lost = [target.geturl() for target in targets if not target.scheme and not _leads(path, target)]
    assert lost == []


def _leads(path: Path, target: SplitResult) -> bool:
    goal = (path.parent / target.path).resolve() if target.path else path
    return goal.exists() and (not target.fragment or target.fragment in _anchors(goal))


def _anchors(path: Path) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", path.read_text("utf-8")))
    return {NO_WORD.sub("", heading).lower().replace(" ", "-") for heading in headings}


@document
def test_no_page_installs_the_other_project_of_this_name(path: Path) -> None:
    command = r"(?i)\b(?:install|uv add|uvx) [^&\n]*(?<![/\w])casual[-_]llm"
    assert re.findall(command, path.read_text("utf-8")) == []


def test_the_diagram_of_the_package_shows_every_module() -> None:
    package, design = ROOT / "casual_llm", (ROOT / "docs" / "design.md").read_text("utf-8")
    picture = design.partition("```\n")[2].partition("```")[0]
    rooms = {path.stem for path in package.glob("*.py")} | {path.name for path in package.glob("*/")}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} <= {"__init__", "__pycache__"}


def test_the_design_page_has_at_most_1500_words() -> None:
    assert len((ROOT / "docs" / "design.md").read_text("utf-8").split()) <= 1500


def test_there_is_a_page_for_each_purpose() -> None:
    assert {path.stem for path in DOCUMENTS} >= PAGES | {"README", "CONTRIBUTING"}


@pytest.mark.parametrize("name", casual_llm.__all__)
def test_the_reference_lists_every_public_name(name: str) -> None:
    assert re.search(rf"`{name}\b", (ROOT / "docs" / "api-reference.md").read_text("utf-8"))
