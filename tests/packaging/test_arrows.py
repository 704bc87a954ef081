"""Imports go one way, as the table of ARCHITECTURE.md has it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import analytics_tracker_construct

from .installs import ROOT

_LIBRARY = "analytics_tracker_construct"
#: What `pip install` brings with the package and its extras; and, for what a result
#: may become, pandas and pyarrow, which whoever asks for it installs.
_BROUGHT = {
    "aws_cdk",
    "boto3",
    "botocore",
    "constructs",
    "duckdb",
    "jsii",
    "pandas",
    "pyarrow",
    "rich",
    "sqlglot",
    "typing_extensions",
}

#: Conditions' keys begin with a small letter, or are of `aws` and `lambda`.
_ACTION = re.compile(r"(athena|ec2|glue|iam|kms|logs|s3|sqs):[A-Z][A-Za-z]+\*?")

#: What the library takes of the function, by the module that takes it.
_REACHES = {
    "_handler.py": {
        f"handler.{name}"
        for name in (
            *("batch", "buckets", "columns", "draft", "fields", "limits", "message"),
            *("metrics", "queues", "refusals", "replies", "script", "settings"),
            *("storage", "write_keys"),
        )
    },
    "_local/function.py": {"handler.app.make_app", "handler.writer.make_writer"},
}

#: What of ours the folders import that are not the package: each what is below it, and
#: of the tests the beds that it borrows.
_BELOW = {
    "traffic": {_LIBRARY},
    "benchmarks": {
        *(_LIBRARY, "handler", "traffic"),
        *("tests.athena", "tests.client", "tests.handler.fakes"),
    },
    "tools": {
        *(_LIBRARY, "handler", "traffic", "benchmarks"),
        *("tests.infra.example_apps", "tests.infra.findings", "tests.infra.ledger"),
    },
}
_OURS = {"examples", "handler", "tests", _LIBRARY, *_BELOW}


#: What the parts that do without the CDK may import of the library, beside themselves.
_MAY_IMPORT: dict[str, set[str]] = {
    "_actions": set(),
    "_costs": {"_handler", "_deployed_numbers"},
    "_deployed_numbers": set(),
    "_openapi": {"_handler", "_version"},
    "_origins": set(),
    "_sql": {"_handler"},
    "_query": {"_handler", "_sql", "_costs", "_version"},
    "query": {"_query"},
    "_local": {"_handler", "handler", "_deployed_numbers", "_openapi"},
    "cli": {
        *("_handler", "_local", "_query", "_sql"),
        *(
            "_actions",
            "_costs",
            "_deployed_numbers",
            "_openapi",
            "_origins",
            "_version",
        ),
    },
}


def _modules(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found, folder
    return found


_HANDLER = _modules(ROOT / "handler")
_LIBRARY_MODULES = _modules(ROOT / "src")
_EXAMPLES = _modules(ROOT / "examples")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", _HANDLER, ids=_name)
def test_function_needs_the_standard_library_alone(module: Path) -> None:
    """It is deployed without anything else."""
    for name in _imports(module, ROOT):
        top = name.partition(".")[0]
        assert top == "handler" or top in sys.stdlib_module_names, name


@pytest.mark.parametrize("module", _HANDLER, ids=_name)
def test_function_imports_its_own_modules_relatively(module: Path) -> None:
    """So it also works where its folder is a part of the library's package."""
    absolute = [
        name
        for node in ast.walk(_parse(module))
        for name, level in _named(node)
        if not level
    ]

    assert [name for name in absolute if name.partition(".")[0] == "handler"] == []


@pytest.mark.parametrize("module", _LIBRARY_MODULES, ids=_name)
def test_library_needs_what_its_installation_brings(module: Path) -> None:
    """Nothing of the tests, the tools or the examples, and no undeclared package."""
    known = _BROUGHT | sys.stdlib_module_names | {_LIBRARY, "handler"}

    assert [
        name
        for name in _imports(module, ROOT / "src")
        if name.partition(".")[0] not in known
    ] == []


@pytest.mark.parametrize("module", _LIBRARY_MODULES, ids=_name)
def test_library_reaches_the_function_through_one_module(module: Path) -> None:
    """`_handler.py` has the contract; who serves locally needs the function itself."""
    reached = {
        name.removeprefix(f"{_LIBRARY}.")
        for name in _imports(module, ROOT / "src")
        if f"{name}.".startswith(("handler.", f"{_LIBRARY}.handler."))
    }

    name = module.relative_to(ROOT / "src" / _LIBRARY).as_posix()
    assert reached == _REACHES.get(name, set())


def test_the_contract_that_is_described_is_what_the_library_takes() -> None:
    """ARCHITECTURE.md names it, module by module."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    contract = text.partition("The contract is")[2].partition("\n\n")[0]

    assert sorted(re.findall(r"`(\w+)`", contract)) == sorted(
        name.split(".")[1] for names in _REACHES.values() for name in names
    )


@pytest.mark.parametrize(
    "folder",
    sorted({_name(path.parent) for path in (*_HANDLER, *_LIBRARY_MODULES)}),
)
def test_every_module_is_described(folder: str) -> None:
    """Once, in the table of ARCHITECTURE.md that is headed by its folder."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    head = folder.replace(f"src/{_LIBRARY}", "src/…")
    table = text.partition(f"\n| `{head}/` | what it does |\n")[2].partition("\n\n")[0]
    named = re.findall(r"`([\w*]+)`", "".join(re.findall(r"^\|.*? \|", table, re.M)))

    assert sorted(named) == sorted(
        {
            # So many tables of names are one row.
            "device*" if path.stem.startswith("device") else path.stem
            for path in (ROOT / folder).glob("*.py")
            # `app` takes an event and hands it on to the others.
            if path.stem not in {"__init__", "__main__", "app"}
        }
    )


def _part(module: Path) -> str:
    """Return the folder or the module right in the library's package."""
    return module.relative_to(ROOT / "src" / _LIBRARY).parts[0].removesuffix(".py")


_WITHOUT_CDK = pytest.mark.parametrize(
    "module",
    [path for path in _LIBRARY_MODULES if _part(path) in _MAY_IMPORT],
    ids=_name,
)


@_WITHOUT_CDK
def test_command_line_does_not_need_the_cdk(module: Path) -> None:
    """Loading it takes seconds. Nor do the facts that it shares with the construct."""
    tops = {name.partition(".")[0] for name in _imports(module, ROOT / "src")}

    assert tops & {"aws_cdk", "constructs", "jsii"} == set()


@pytest.mark.parametrize("module", _LIBRARY_MODULES, ids=_name)
def test_actions_of_iam_stand_in_one_module(module: Path) -> None:
    """The command line names calls of AWS's beside, which are written the same."""
    texts = [
        node.value
        for node in ast.walk(_parse(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    if module.name != "_actions.py" and "cli" not in module.parts:
        assert list(filter(_ACTION.fullmatch, texts)) == []


@_WITHOUT_CDK
def test_arrows_between_the_parts_go_one_way(module: Path) -> None:
    """As ARCHITECTURE.md has them."""
    part = _part(module)
    names = (name.split(".") for name in _imports(module, ROOT / "src"))
    reached = {name[1] for name in names if name[0] == _LIBRARY}

    assert reached - {part} <= _MAY_IMPORT[part]


@pytest.mark.parametrize("module", _EXAMPLES, ids=_name)
def test_example_uses_public_names_alone(module: Path) -> None:
    """So what a user copies keeps working."""
    public = {f"{_LIBRARY}.{name}" for name in analytics_tracker_construct.__all__}

    for name in _imports(module, ROOT):
        top = name.partition(".")[0]
        known = sys.stdlib_module_names | {"aws_cdk", "constructs"}
        assert top in known or name in public, name


@pytest.mark.parametrize("folder", _BELOW)
def test_what_makes_figures_and_documents_imports_what_is_below_it(folder: str) -> None:
    """So none of them needs another that needs it."""
    below = tuple(f"{name}." for name in (folder, *_BELOW[folder]))

    assert [
        f"{_name(module)}: {name}"
        for module in _modules(ROOT / folder)
        for name in _imports(module, ROOT)
        if name.partition(".")[0] in _OURS and not f"{name}.".startswith(below)
    ] == []


@pytest.mark.parametrize(
    "bed",
    sorted(
        bed.replace(".", "/")
        for below in _BELOW.values()
        for bed in below
        if bed.startswith("tests.")
    ),
)
def test_a_bed_that_is_borrowed_borrows_nothing_back(bed: str) -> None:
    """A folder, or one module."""
    modules = _modules(ROOT / bed) if (ROOT / bed).is_dir() else [ROOT / f"{bed}.py"]

    assert [
        f"{_name(module)}: {name}"
        for module in modules
        for name in _imports(module, ROOT)
        if name.partition(".")[0] in _BELOW
    ] == []


def test_relative_imports_are_understood(tmp_path: Path) -> None:
    """The tests above see what Python sees."""
    module = tmp_path / _LIBRARY / "cli" / "dev.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import os.path\n"
        "from . import text\n"
        "from ..handler.app import make_app\n"
        "def late():\n    from .._handler import limits\n",
        encoding="utf-8",
    )

    assert sorted(_imports(module, tmp_path)) == [
        f"{_LIBRARY}._handler.limits",
        f"{_LIBRARY}.cli.text",
        f"{_LIBRARY}.handler.app.make_app",
        "os.path",
    ]


def _imports(module: Path, root: Path) -> Iterator[str]:
    """Yield the full name of everything that a module imports, wherever it does."""
    package = module.relative_to(root).parent.parts
    for node in ast.walk(_parse(module)):
        for name, level in _named(node):
            base = package[: len(package) - level + 1] if level else ()
            yield ".".join((*base, *filter(None, name.split("."))))


def _named(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield what an import statement names, with the number of its leading dots."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, 0
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield f"{node.module or ''}.{alias.name}".lstrip("."), node.level


def _parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"), filename=str(module))
