"""The check that the packages of API versions repeat no code of each other."""

import runpy
from pathlib import Path

import pytest

CHECK = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "check_duplicates.py"))
BLOCK = [f"value_{n} = {n}" for n in range(CHECK["SHORTEST"])]


@pytest.fixture
def compared(tmp_path):
    """Return a function that compares the lines of two modules, each in a folder of its own."""

    def compare(one, other):
        for name, lines in (("one", one), ("other", other)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "module.py").write_text("\n".join(lines), "utf-8")
        found = CHECK["repetitions"](tmp_path / "one", tmp_path / "other")
        return [text.replace(f"{tmp_path.as_posix()}/", "") for text in found]

    return compare


def test_the_versions_share_no_block():
    """The packages of both versions, and those of the sandbox, repeat nothing of each other."""
    assert CHECK["main"]([]) == 0


def test_a_repeated_block_is_named_with_both_places(compared):
    """The line numbers of both files are given, once for the whole run, without what is around it."""
    found = compared(["first = 1", *BLOCK], [*BLOCK, "last = 1"])

    assert found == ["one/module.py:2-9 = other/module.py:1-8"]


def test_a_block_repeated_twice_is_named_twice(compared):
    """Each place of a repetition is named."""
    found = compared(BLOCK, [*BLOCK, "between = 1", *BLOCK])

    assert found == ["one/module.py:1-8 = other/module.py:1-8", "one/module.py:1-8 = other/module.py:10-17"]


def test_a_shorter_block_is_no_repetition(compared):
    """Seven equal lines are below the limit."""
    assert compared(BLOCK[1:], BLOCK[1:]) == []


def test_imports_comments_and_docstrings_are_left_out(compared):
    """Texts and imports that both modules have are no code."""
    text = ['"""A module."""', *(f"import module_{n}" for n in range(9)), *["# Why."] * 9, '"""', *["text"] * 9, '"""']

    assert compared(text, text) == []


def test_comments_indentation_and_blank_lines_do_not_hide_a_repetition(compared):
    """Code is compared without what is around it."""
    indented = ["if True:", *(f"    {line}\n\n    # Why." for line in BLOCK)]

    assert compared(BLOCK, indented) == ["one/module.py:1-8 = other/module.py:2-23"]


def test_the_exit_code_says_whether_there_is_a_repetition(tmp_path, capsys):
    """Folders may be given; the exit code is 1, and each repetition is printed."""
    (tmp_path / "module.py").write_text("\n".join(BLOCK), "utf-8")

    code = CHECK["main"]([str(tmp_path), str(tmp_path)])

    assert (code, capsys.readouterr().out.count("module.py:1-8")) == (1, 2)
