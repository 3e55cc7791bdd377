"""The generated parts of docs/laws.md: the fields, the mutants, and the list of all laws.

`just laws-page` writes them, and tests compare them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from algebra import Law, title
from domains import DOMAINS
from mutants import MUTANTS
from proofs import BY_SYMBOLS, PROOFS, SOLVER, refuted

from casual_llm.options import FIELDS

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "laws.md"
_COMBINATIONS = ("the last value wins", "merged by key", "merged by provider and key")
"""Descriptions of the combinations, by depth."""


def _marks(part: str) -> tuple[str, str]:
    return f"<!-- {part}: written by `just laws-page` -->\n", f"\n<!-- end of {part} -->"


def written(part: str, page: str) -> str:
    """Return the text between the two markers of a part."""
    begin, end = _marks(part)
    return page.partition(begin)[2].partition(end)[0]


def rewritten(part: str, text: str, page: str) -> str:
    """Replace the text between the two markers of a part."""
    begin, end = _marks(part)
    before, _, rest = page.partition(begin)
    return before + begin + text + end + rest.partition(end)[2]


def _table(rows: Iterable[Sequence[str]]) -> str:
    head, *lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *lines])


def fields() -> str:
    """Build the table of fields: how each combines, and how many layers are tried exhaustively."""
    rows = [("field", "combination", "layers", "triples of layers")]
    for name, domain in DOMAINS.items():
        depth, size = FIELDS[domain.field].combination.depth, len(domain.a)
        label = name.replace(domain.field, f"`{domain.field}`")
        rows.append((label, _COMBINATIONS[depth], f"{size:,}", f"{size**3:,}"))
    return _table(rows)


def found(mutant: str, page: str) -> dict[str, str]:
    """Read the row of a mutant on the page: by the name of each proof, the laws that found it."""
    head, _, *lines = [line.strip("| ").split(" | ") for line in written("mutants", page).split("\n")]
    (row,) = (line for line in lines if line[0] == mutant)
    return dict(zip(head[1:], row[1:], strict=True))


def listed(laws: Iterable[Law]) -> str:
    """Join the titles of laws."""
    return ", ".join(map(title, laws))


def mutants(page: str) -> str:
    """Try each mutant by each proof; without a solver, the column of symbolic values stays as it is."""
    rows = [("mutant", *(proof.name for proof in PROOFS))]
    for name, mutant in MUTANTS.items():
        tried = {
            proof.name: listed(refuted(proof, mutant)) for proof in PROOFS if SOLVER or proof != BY_SYMBOLS
        }
        rows.append((name, *({**found(name, page), **tried}.values())))
    return _table(rows)


def laws() -> Iterator[tuple[str, str, list[str]]]:
    """Collect the files of laws, each with the first line of its docstring and its laws as sentences."""
    for path in sorted(HERE.glob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        sentences = [_sentence(function.name) for function in functions if _is_law(function)]
        yield path.name, (ast.get_docstring(tree) or "").partition("\n")[0], sentences


def _is_law(node: ast.FunctionDef) -> bool:
    # An invariant is checked after every step of a stateful test.
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return node.name.startswith("test_") or "invariant()" in decorators


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def list_of_laws() -> str:
    """Build the list of all laws, by file."""
    parts = [
        f"### {intent}\n\n[{name}](../property_tests/{name})\n\n" + "\n".join(f"- {law}" for law in sentences)
        for name, intent, sentences in laws()
    ]
    return "\n\n".join(parts)


def made(page: str) -> str:
    """Write all parts of the page again."""
    page = rewritten("fields", fields(), page)
    page = rewritten("mutants", mutants(page), page)
    return rewritten("laws", list_of_laws(), page)


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text("utf-8")), "utf-8")
