"""Named queries on the command line, over local data, and where answers go."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from analytics_tracker_construct._sql import queries

from .running import COMMAND, ask, inside

_DAYS = ("--from", "2026-01-01", "--to", "2026-01-31")


@pytest.mark.parametrize("name", ["daily-page-views", "Daily_Page_Views"])
def test_answers_a_named_query(data: Path, name: str) -> None:
    done = ask(data, name, "--tenant", "shop", *_DAYS, "--format", "csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "date,page_views\n2026-01-31,2\n"


def test_without_a_tenant_all_count(data: Path) -> None:
    done = ask(data, "daily-page-views", *_DAYS, "--format", "csv")

    assert done.stdout == "date,page_views\n2026-01-31,3\n"


def test_parameters_are_given_by_name(data: Path) -> None:
    limited = ("--param", "limit=1", "--param", "bots=include", "--format", "csv")

    done = ask(data, "top-pages", "--tenant", "shop", *_DAYS, *limited)

    assert list(csv.reader(io.StringIO(done.stdout)))[1:] == [["/a", "1", "0"]]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["what"], "there is no query 'what'; there are "),
        (
            ["daily-visitor"],
            "did you mean daily-visitors? `analytics-tracker sql list`",
        ),
        (["top-pages", "--param", "from=2026-01-01"], "'from' is given with --from"),
        (["top-pages", "--param", "end=2026-01-01"], "'end' is given with --to"),
        (["top-pages", "--param", "tenant=shop"], "'tenant' is given with --tenant"),
        (["top-pages", "--param", "name=shop"], "has no parameter 'name'; it has "),
        (["SHOW"], "there is no query"),
        (["top-pages", "--param", "limt=1"], "has no parameter 'limt'; it has "),
        (
            ["top-pages", "--param", "limit=x"],
            "'limit' must be a whole number",
        ),
        (["funnel"], "needs a value for 'steps'"),
        (["top-pages", "--tenant", "blog"], "no tenant 'blog' in "),
        (["top-pages", "--tenant", "blog"], "there are: my-blog, shop"),
        (["tenants", "--tenant", "shop"], "leave 'tenant' (--tenant) out"),
        (["top-pages", "--from", "soon"], "'start' (--from) must be a day"),
        (["top-pages", "--from", "2026-02-02", "--to", "2026-01-01"], "after the last"),
        (["top-pages", "--to", "0001-01-02"], "no 7 days until then"),
        (
            ["live", "--param", "now=9999-12-31T23:59:59-23:00"],
            "'now' must be a time of the years 1 to 9999",
        ),
        (
            ["live", "--from", "2026-02-02"],
            "no days to choose; leave 'start' (--from) and 'end' (--to) out",
        ),
        (["SELECT 1", "--from", "2026-02-02"], "--from is for named queries"),
        (["SELECT 1", "--to", "2026-02-02"], "--to is for named queries"),
        (["SELECT 1", "--tenant", "shop"], "--tenant is for named queries"),
    ],
)
def test_a_wrong_question_says_what_there_is(
    data: Path, arguments: list[str], problem: str
) -> None:
    done = ask(data, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (("--param", "limit"), "'limit' is not NAME=VALUE"),
        (("--param", "=1"), "'=1' is not NAME=VALUE"),
        (("--param", "limit=\udcff"), "is not UTF-8 text"),
        (("--tenant", "A B"), "'A B' is not a tenant's name"),
    ],
)
def test_options_of_another_form_are_refused(
    data: Path, option: tuple[str, str], problem: str
) -> None:
    done = ask(data, "top-pages", *option)

    assert done.returncode == 2
    assert problem in done.stderr


def test_says_which_days_it_asked_about(data: Path) -> None:
    before = datetime.now(timezone.utc).date()
    done = ask(data, "daily-page-views")
    after = datetime.now(timezone.utc).date()

    notes = [
        f"note: {day - timedelta(6)} to {day}, UTC: the last 7 days; "
        "others with --from and --to\n"
        for day in (before, after)
    ]
    assert done.stderr.startswith(tuple(notes))


@pytest.mark.parametrize("days", [(), ("--from", "2026-01-01", "--to", "2026-01-02")])
def test_says_which_days_there_are_if_it_asked_about_others(
    data: Path, days: tuple[str, ...]
) -> None:
    done = ask(data, "daily-page-views", *days)

    assert done.returncode == 0
    assert (
        "note: no event is of these days; there are events of 2026-01-31: "
        "--from 2026-01-31 --to 2026-01-31\n"
    ) in done.stderr


def test_says_how_many_days_there_are(data: Path) -> None:
    (data / "shop/analytics/year=2026/month=02/day=02").mkdir(parents=True)

    done = ask(data, "daily-page-views")

    assert "events of 2 days from 2026-01-31 to 2026-02-02" in done.stderr


def test_the_one_folder_with_data_is_found(data: Path, tmp_path: Path) -> None:
    """`make demo` fills a folder in the usual one."""
    usual = tmp_path / "analytics-data"
    (usual / "demo").mkdir(parents=True)
    for bucket in ("shop", "my-blog"):
        (data / bucket).rename(usual / "demo" / bucket)
    asked = [*COMMAND, "query", "daily-page-views", "--local", *_DAYS]

    found = subprocess.run(
        asked, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    shutil.copytree(usual / "demo", usual / "other")
    unclear = subprocess.run(
        asked, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    demo = Path("analytics-data", "demo")
    assert f"note: asking {demo}, the one folder in analytics-data" in found.stderr
    assert "2026-01-31" in found.stdout
    other = Path("analytics-data", "other")
    assert f"did you mean {demo} or {other}" in unclear.stderr
    assert "0 rows" in unclear.stdout


def test_an_answer_of_one_folder_says_that_there_are_others(
    data: Path, tmp_path: Path
) -> None:
    """`dev` fills the usual folder, and `make demo` one in it."""
    shutil.copytree(data / "shop", tmp_path / "demo" / "shop")

    done = ask(data, "daily-page-views", *_DAYS, "--format", "csv")

    assert done.stdout == "date,page_views\n2026-01-31,3\n"
    assert done.stderr == (
        f"note: asking {data}; there are events in {data / 'demo'} too: name one with "
        "--data\n"
    )


def test_the_folder_that_one_is_in_is_a_data_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)

    done = ask(Path(), "daily-page-views", *_DAYS, "--format", "csv")

    assert (done.stdout, done.stderr) == ("date,page_views\n2026-01-31,3\n", "")


@pytest.mark.parametrize("name", queries.names())
def test_every_query_answers(data: Path, name: str) -> None:
    needed = {
        "steps": "steps=page_view,purchase",
        "event_type": "event_type=page_view",
        "property": "property=plan",
    }
    options = [
        option
        for parameter in queries.load(name).parameters
        if parameter.default is None and parameter.name in needed
        for option in ("--param", needed[parameter.name])
    ]

    done = ask(data, name, *options, "--format", "json")

    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "say where the events are: --local, or --stack NAME"),
        (("--database", "events"), "say where the events are"),
        (("--workgroup", "all"), "say where the events are"),
        (("--data", "here"), "add --local"),
        (("--local", "--stack", "Website"), "leave out what names a catalog"),
        (("--local", "--database", "events"), "leave out what names a catalog"),
        (("--stack", "Website", "--database", "events"), "leave out --database"),
    ],
)
def test_where_the_events_are_must_be_clear(
    options: tuple[str, ...], problem: str
) -> None:
    done = inside("query", "SELECT 1", *options)

    assert done.returncode == 2
    assert problem in done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_writes_a_file(data: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / "answer"
    said = ask(data, "SELECT 'é' AS x", "--format", form).stdout

    done = ask(data, "SELECT 'é' AS x", "--format", form, "--output", str(path))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert path.read_text("utf-8") == said


def test_writes_parquet_to_a_file_and_to_a_pipe(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    asked = ["daily-page-views", *_DAYS, "--format", "parquet"]

    ask(data, *asked, "--output", str(path))
    piped = subprocess.run(
        [*COMMAND, "query", *asked, "--local", "--data", str(data)],
        capture_output=True,
        check=True,
    )

    (row,) = duckdb.read_parquet(str(path)).fetchall()
    assert (str(row[0]), row[1]) == ("2026-01-31", 3)
    assert piped.stdout == path.read_bytes()


def test_a_failed_query_leaves_the_file_alone(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text("before")
    late = "SELECT CASE WHEN range = 400000 THEN error('late') END FROM range(500000)"

    done = ask(data, late, "--format", "csv", "--output", str(path))

    assert done.returncode == 1
    assert "late" in done.stderr
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir() if "answer" in p.name] == ["answer.csv"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Unix has named pipes")
def test_a_named_pipe_is_written_to_and_not_replaced(
    data: Path, tmp_path: Path
) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    # A reader that does not wait for the writer.
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for path in (pipe, link):
            done = ask(data, "SELECT 1 AS a", "--format", "csv", "--output", str(path))

            assert (done.returncode, done.stderr) == (0, "")
            assert os.read(reader, 100) == b"a\n1\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_written_through(
    data: Path, tmp_path: Path, form: str, is_there: bool
) -> None:
    """Also one to a link, and one to a file that is not there yet."""
    target = tmp_path / "elsewhere" / "answer"
    target.parent.mkdir()
    if is_there:
        target.write_text("before")
    first, link = tmp_path / "first", tmp_path / "link"
    first.symlink_to(Path("elsewhere", "answer"))
    link.symlink_to(first)

    done = ask(data, "SELECT 1", "--format", form, "--output", str(link))

    assert (done.returncode, done.stderr) == (0, "")
    assert link.is_symlink()
    assert first.is_symlink()
    assert target.read_bytes()[:4] == (b"PAR1" if form == "parquet" else b"1\n1\n")
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="it is Linux's")
def test_the_name_of_a_stream_is_written_to_and_not_replaced(
    data: Path, tmp_path: Path
) -> None:
    """`/dev/stdout` is such a link, and a shell may have given it a file."""
    link, path = tmp_path / "stdout", tmp_path / "answer.csv"
    link.symlink_to("/proc/self/fd/1")
    asked = [*COMMAND, "query", "SELECT 1 AS a", "--local", "--data", str(data)]
    with path.open("w") as out:
        before = os.fstat(out.fileno()).st_ino
        subprocess.run(
            [*asked, "--format", "csv", "--output", str(link)], stdout=out, check=True
        )

    assert path.read_text() == "a\n1\n"
    assert path.stat().st_ino == before
    assert link.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="Unix has modes")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_is_there_keeps_its_mode(
    data: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "answer"
    path.touch()
    path.chmod(0o640)

    ask(data, "SELECT 1", "--format", form, "--output", str(path))

    assert path.stat().st_size > 0
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("output", "status", "problem"),
    [
        (".", 2, "is a folder; name a file"),
        ("nowhere/a.csv", 2, "nowhere does not exist"),
        ("file/a.csv", 2, "file does not exist"),
    ],
)
def test_a_file_that_cannot_be_is_refused_before_anything_is_asked(
    data: Path, tmp_path: Path, output: str, status: int, problem: str
) -> None:
    (tmp_path / "file").touch()

    done = ask(data, "SELECT 1", "--output", str(tmp_path / output))

    assert (done.returncode, done.stdout) == (status, "")
    assert problem in done.stderr


def test_without_sqlglot_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['sqlglot'] = None\n"
        "from analytics_tracker_construct.cli import main\n"
        "sys.exit(main(['query', '--local', 'live', '--data', '.']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "pip install 'analytics-tracker-construct[local]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_answer_without_rows_says_that_bots_are_left_out(data: Path) -> None:
    """Who tries the tracker with curl is a bot to it."""
    note = "bots are left out"
    asked = ("--tenant", "shop", *_DAYS, "--format", "csv")

    assert note not in ask(data, "daily-page-views", *asked).stderr
    none = ("--tenant", "shop", "--from", "2026-01-01", "--to", "2026-01-02")
    assert note in ask(data, "daily-page-views", *none).stderr
    assert note not in ask(data, "entry-pages", *none).stderr
    included = ask(data, "daily-page-views", *none, "--param", "bots=include")
    assert note not in included.stderr
    explicit = ask(data, "daily-page-views", *none, "--param", "bots=exclude")
    assert note in explicit.stderr


@pytest.mark.parametrize(
    ("steps", "is_told"), [("nothing,at_all", True), ("page_view,signup", False)]
)
def test_a_funnel_of_zeros_says_that_bots_are_left_out(
    data: Path, steps: str, is_told: bool
) -> None:
    for path in data.glob("shop/**/*.json"):
        row = json.loads(path.read_text())
        path.write_text(json.dumps(row | {"sessionId": "a"}) + "\n")

    done = ask(data, "funnel", "--param", f"steps={steps}", *_DAYS, "--format", "csv")

    assert len(done.stdout.splitlines()) == 3
    assert ("bots are left out" in done.stderr) == is_told
