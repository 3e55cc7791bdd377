"""The check of identifiers finds banned words in every kind of name, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint.banned_identifiers import is_banned, main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clean.py").write_text('loss = "told"  # said\n')
    return tmp_path


@pytest.mark.parametrize(
    ("source", "line", "name"),
    [
        ("told = 1", 1, "told"),
        ("\nx: int\nwas_said = x", 3, "was_said"),
        ("def _heard_of(): ...", 1, "_heard_of"),
        ("async def f(*spoken): ...", 1, "spoken"),
        ("class Spoken: ...", 1, "Spoken"),
        ("class HTTPSaidText: ...", 1, "HTTPSaidText"),
        ("x = y.beside", 1, "beside"),
        ("x = f(laid_out=1)", 1, "laid_out"),
        ("import told.x", 1, "told.x"),
        ("from a import said_texts", 1, "said_texts"),
        ("from a import b as said_texts", 1, "said_texts"),
        ("try: ...\nexcept ValueError as TOLD: ...", 2, "TOLD"),
        ("def f():\n    global told", 2, "told"),
        ("match x:\n    case [*said]: ...", 2, "said"),
        ("match x:\n    case {**said}: ...", 2, "said"),
    ],
)
def test_a_banned_part_is_reported_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str], source: str, line: int, name: str
) -> None:
    module = folder / "module.py"
    module.write_text(source)
    assert main([str(folder)]) == 1
    assert capsys.readouterr().out == f"{module}:{line}: {name}\n"


def test_a_banned_file_name_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = folder / "what_was_told.py"
    module.touch()
    assert main([str(module)]) == 1
    assert capsys.readouterr().out == f"{module}:1: what_was_told.py\n"


def test_strings_comments_and_renamed_imports_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "imports.py").write_text("from a import told as loss\nx = 'said' if loss else {'heard': 1}\n")
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["aforesaid", "retold", "besides", "plaid", "unspokenly", "SAIDS", "x"])
def test_a_banned_word_inside_another_word_passes(name: str) -> None:
    assert not is_banned(name)


def test_a_path_that_does_not_exist_is_an_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        main([str(folder / "missing.py")])
