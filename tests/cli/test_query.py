"""`analytics-tracker query`, as its user meets it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct import cli
from analytics_tracker_construct.cli import _output
from analytics_tracker_construct.query import DuckDbEngine, Result

from .running import ask, query


def test_prints_a_table(data: Path) -> None:
    done = query(data, "SELECT page, 12 AS n FROM shop_events ORDER BY page")

    assert done.returncode == 0
    assert done.stderr == ""
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["page", "n"]
    assert lines[2:] == [["/a", "12"], ["/b", "12"], ["2", "rows"]]


def test_a_table_holds_no_control_characters_of_strangers(data: Path) -> None:
    done = query(data, "SELECT page FROM my_blog_events")

    assert r"/\x1b[2J\u202e" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_a_table_without_rows_still_names_its_columns(data: Path) -> None:
    done = query(data, "SELECT page, ip FROM shop_events WHERE false")

    assert done.stdout.split()[:2] == ["page", "ip"]
    assert done.stdout.endswith("0 rows\n")


def test_prints_csv(data: Path) -> None:
    sql = "SELECT page, viewport, sessionId, true AS yes FROM shop_events ORDER BY page"
    done = query(data, sql, "--format", "csv")

    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["page", "viewport", "sessionId", "yes"],
        ["/a", '{"width": 390, "height": null}', "", "true"],
        ["/b", '{"width": 390, "height": null}', "", "true"],
    ]


def test_csv_tells_a_null_from_an_empty_text_as_athena_does(data: Path) -> None:
    sql = "SELECT * FROM (VALUES (NULL, '', 'a,b'), ('', NULL, 'say \"x\"')) t(a, b, c)"

    several = ask(data, sql, "--format", "csv")
    single = ask(data, "SELECT * FROM (VALUES (''), (NULL)) t(a)", "--format", "csv")

    assert several.stdout == 'a,b,c\n,"","a,b"\n"",,"say ""x"""\n'
    assert single.stdout == 'a\n""\n\n'


def test_prints_typed_json(data: Path) -> None:
    sql = "SELECT page, viewport, 2::BIGINT n, null x FROM shop_events ORDER BY page"
    done = query(data, sql, "--format", "json")

    assert json.loads(done.stdout) == [
        {"page": page, "viewport": {"width": 390, "height": None}, "n": 2, "x": None}
        for page in ("/a", "/b")
    ]


def test_json_refuses_two_columns_of_one_name(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"

    for options in ((), ("--output", str(path))):
        done = ask(data, "SELECT 1 AS a, 2 AS a, 3 AS b", "--format", "json", *options)

        assert (done.returncode, done.stdout) == (2, "")
        assert "2 columns named 'a'" in done.stderr
        assert "with AS" in done.stderr
    assert not path.exists()


def test_no_rows_are_an_empty_json_array(data: Path) -> None:
    done = query(data, "SELECT 1 WHERE false", "--format", "json")

    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    "sql", ["SELECT nothing FROM shop_events", "SELECT * FROM shops", "SELEC 1"]
)
def test_an_error_of_the_query_names_the_tables(data: Path, sql: str) -> None:
    done = query(data, sql)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (
        "tables: my_blog_events, my_blog_events_unique, my_blog_sessions, "
        "shop_events, shop_events_unique, shop_sessions, "
        "all_events, all_sessions, all_lines\n"
    ) in done.stderr
    assert "columns: DESCRIBE all_events" in done.stderr
    assert "hyphens in names are underscores" in done.stderr
    assert done.stdout == ""


def test_a_parameter_is_bound_and_never_pasted(data: Path) -> None:
    value = "x' OR 'a' = 'a"

    done = query(data, "SELECT $x AS x", "--param", f"x={value}", "--format", "csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"x\n{value}\n"


def test_shows_the_tables_of_each_tenant(data: Path) -> None:
    done = query(data, "SHOW TABLES", "--format", "csv")

    assert sorted(done.stdout.split()[1:]) == [
        "all_events",
        "all_lines",
        "all_sessions",
        "my_blog_events",
        "my_blog_events_unique",
        "my_blog_sessions",
        "shop_events",
        "shop_events_unique",
        "shop_sessions",
    ]


@pytest.mark.parametrize("sql", ["", " ", ";", "-- a comment"])
def test_a_query_that_asks_nothing_is_an_error(data: Path, sql: str) -> None:
    done = query(data, sql)

    assert done.returncode == 2
    assert done.stderr == "analytics-tracker: the query asks nothing\n"


def test_more_than_one_statement_is_an_error(data: Path) -> None:
    """Only the last one's answer would be seen."""
    done = query(data, "SELECT 1; SELECT ';'; SELECT 3")

    assert (done.returncode, done.stdout) == (2, "")
    assert "there are 3 statements; ask one at a time" in done.stderr


@pytest.mark.parametrize(
    "sql", ["SELECT ';' AS n;", "PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)"]
)
def test_one_statement_is_one_whatever_it_is_made_of(data: Path, sql: str) -> None:
    assert query(data, sql).returncode == 0


def test_an_empty_folder_has_empty_tables_and_a_hint(tmp_path: Path) -> None:
    done = query(tmp_path, "SELECT count(*) AS n FROM all_events")

    assert done.returncode == 0
    assert "analytics-tracker dev" in done.stderr
    assert done.stdout.splitlines()[2].strip() == "0"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = query(tmp_path / "nowhere", "SELECT 1")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path / 'nowhere'} does not exist" in done.stderr
    assert "--data" in done.stderr


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = query(tmp_path / "file", "SELECT 1")

    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a folder" in done.stderr


def test_a_folder_above_the_data_folder_means_it(data: Path, tmp_path: Path) -> None:
    below = tmp_path / "above" / "data"
    below.mkdir(parents=True)
    for bucket in ("shop", "my-blog"):
        (data / bucket).rename(below / bucket)

    done = ask(below.parent, "SELECT count(*) AS n FROM all_events", "--format", "csv")

    assert (done.returncode, done.stdout) == (0, "n\n3\n")
    assert f"note: asking {below}, the one folder in {below.parent}" in done.stderr


def test_without_duckdb_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None\n"
        "from analytics_tracker_construct.cli import main\n"
        "sys.exit(main(['query', '--local', 'SELECT 1']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "pip install 'analytics-tracker-construct[local]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("where", "extra"), [(["--local"], "local"), (["--stack", "Website"], "aws")]
)
def test_without_rich_names_the_extra_that_is_missing_there(
    where: list[str],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)

    assert cli.main(["query", *where, "SELECT 1"]) == 1

    said = f"pip install 'analytics-tracker-construct[{extra}]', or choose"
    assert said in capsys.readouterr().err


def _asked(data: Path, sql: str) -> Result:
    return DuckDbEngine(data).sql(sql)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_fits_the_terminal_and_loses_nothing(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    out = _Terminal()
    answer = _asked(data, "SELECT repeat('abcdefghij', 9) AS a")
    _output.write(answer, "table", out)

    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
    assert max(map(len, lines)) <= 40
    assert "".join(line.strip() for line in lines[2:-1]) == "abcdefghij" * 9


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DATE '2026-01-31'", "2026-01-31"),
        ("TIMESTAMP '2026-01-31 12:00:00'", "2026-01-31T12:00:00"),
        ("1.50::DECIMAL(4,2)", 1.5),
        ("'NaN'::DOUBLE", "nan"),
        ("0.25::DOUBLE", 0.25),
        ("'\\xAB'::BLOB", "ab"),
        ("[1, NULL]", [1, None]),
        ("MAP {'a': DATE '2026-01-31'}", {"a": "2026-01-31"}),
        ("INTERVAL 1 DAY", "1 day, 0:00:00"),
        ("sum(1) FROM range(3)", 3),
        ("true", True),
        ("NULL", None),
    ],
)
def test_every_type_has_its_form_in_json(data: Path, sql: str, expected: Any) -> None:
    out = io.StringIO()
    _output.write(_asked(data, f"SELECT {sql}"), "json", out)

    ((value,),) = [list(row.values()) for row in json.loads(out.getvalue())]
    assert value == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", 'a,b\n12345678901234567.89,"{""x"": [1.50]}"\n'),
        ("json", '[\n{"a": 12345678901234567.89, "b": {"x": [1.50]}}\n]\n'),
    ],
)
def test_a_decimal_keeps_all_its_digits(data: Path, form: str, expected: str) -> None:
    """A float has seventeen."""
    out = io.StringIO()
    asked = _asked(data, "SELECT 12345678901234567.89 AS a, {'x': [1.50]} AS b")
    _output.write(asked, form, out)

    assert out.getvalue() == expected


@pytest.mark.parametrize("form", _output.FORMATS)
def test_more_rows_than_a_block_all_come(data: Path, form: str) -> None:
    out = io.StringIO()
    _output.write(_asked(data, "SELECT * FROM range(2500)"), form, out)

    text = out.getvalue()
    assert "2499" in text
    assert len(text.splitlines()) >= 2500
