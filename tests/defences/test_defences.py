"""Each row of SECURITY.md names tests that fail when its defence is taken out.

The tests run in a copy of the repository, in a process of their own: once with every
defence in place, and once without each.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from . import document
from .rows import THREATS
from .threats import Removal
from .tree import ROOT, Tree

REMOVALS = {each.defence: each for threat in THREATS for each in threat.removals}
_BY_FILE: dict[str, set[str]] = defaultdict(set)
for _removal in REMOVALS.values():
    for _test in _removal.tests:
        _BY_FILE[_test.partition("::")[0]].add(_test)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("defences") / "tree")


@pytest.mark.parametrize("file", sorted(_BY_FILE))
def test_with_every_defence_in_place_the_tests_pass(tree: Tree, file: str) -> None:
    """Else their failing without one would prove nothing."""
    outcomes = tree.run(sorted(_BY_FILE[file]))

    assert set(outcomes) == _BY_FILE[file]
    assert [test for test, each in outcomes.items() if each.failed or each.broken] == []
    assert all(each.passed for each in outcomes.values())


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_without_it_each_of_its_tests_fails(tree: Tree, removal: Removal) -> None:
    with tree.without(removal):
        outcomes = tree.run(removal.tests)

    assert set(outcomes) == set(removal.tests)
    assert {test: each.broken for test, each in outcomes.items() if each.broken} == {}
    unnoticed = [test for test, each in outcomes.items() if not each.failed]
    assert unnoticed == []


def test_every_row_has_a_removal_and_every_removal_a_row() -> None:
    rows = [threat for threat, _, _ in document.rows(document.FILE.read_text("utf-8"))]

    assert sorted(rows) == sorted(threat.words for threat in THREATS)
    assert all(threat.removals for threat in THREATS)


def test_every_removal_has_words_of_its_own_and_a_test() -> None:
    removals = [each for threat in THREATS for each in threat.removals]

    assert len(REMOVALS) == len(removals)
    assert all(each.tests and each.old != each.new for each in removals)


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_its_text_is_in_its_file_once(removal: Removal) -> None:
    """If it is not, the code has changed, and the removal must change with it."""
    assert (ROOT / removal.path).read_text("utf-8").count(removal.old) == 1


def test_the_documents_tests_are_those_that_were_proved() -> None:
    """If this fails, `make docs` writes them."""
    text = document.FILE.read_text("utf-8")

    assert document.renewed(text, THREATS) == text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("no such text", "", "0 times"),
        ("return", "", "must have it once"),
        (" = 1024 * 1024\n", " = no_such_name\n", "not Python that could run"),
    ],
)
def test_refuses_a_removal_that_would_prove_nothing(
    tree: Tree, old: str, new: str, said: str
) -> None:
    path = "handler/limits.py" if "1024" in old else "handler/body.py"
    removal = Removal("x", path, old, new, ("tests/handler/test_body.py::test_x",))
    before = (tree.folder / path).read_bytes()

    with pytest.raises(ValueError, match=said), tree.without(removal):
        pytest.fail("it was taken out")

    assert (tree.folder / path).read_bytes() == before


def test_the_work_tree_is_left_alone(tree: Tree) -> None:
    removal = next(iter(REMOVALS.values()))
    before = (ROOT / removal.path).read_bytes()

    with tree.without(removal):
        assert (tree.folder / removal.path).read_bytes() != before
        assert (ROOT / removal.path).read_bytes() == before
