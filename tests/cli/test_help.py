"""What the command line says about itself, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analytics_tracker_construct import cli
from analytics_tracker_construct._version import __version__

from .running import run


def test_says_its_version() -> None:
    assert run("--version").stdout == f"analytics-tracker {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["dev", "query", "sql", "daily-page-views"]),
        (
            ["dev"],
            ["--host", "--port", "--allow", "--tenant", "fallback", "examples:"],
        ),
        (["dev"], ["--write-key"]),
        (["key"], ["--secret", "examples:", "without losing an event"]),
        (["openapi"], ["--server", "/openapi.json", "/docs"]),
        (["query"], ["--local", "--format", "SHOW TABLES", "_unique", "--stack"]),
        (["query"], ["--from", "--param", "parquet", "--workgroup", "examples:"]),
        (["sql"], ["list", "show", "setup", "examples:"]),
        (["sql", "show"], ["--tenant", "--table", "--dialect"]),
        (["sql", "setup"], ["--bucket", "--table", "--database"]),
    ],
)
def test_help_shows_what_there_is(
    arguments: list[str],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    with pytest.raises(SystemExit) as caught:
        cli.main([*arguments, "--help"])

    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert [word for word in said if word not in out] == []
    assert max(map(len, out.splitlines())) <= 90


@pytest.mark.parametrize(
    "arguments", [[], ["deploy"], ["query"], ["sql"], ["dev", "--nope"]]
)
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)

    assert caught.value.code == 2


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.query, "run", interrupt)

    assert cli.main(["query", "SELECT 1", "--local"]) == 130


def test_starts_without_the_cdk_and_without_the_extras() -> None:
    """The CDK takes seconds to load, and the extras may not be installed."""
    code = (
        "import sys\n"
        "from analytics_tracker_construct import cli\n"
        "cli._parser()\n"
        "print({'aws_cdk', 'jsii', 'duckdb', 'rich', 'boto3', 'sqlglot', 'pyarrow'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"
