"""The README is run: its Python, commands and queries. So are all generated parts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import documents

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TEXT = documents.README.read_text()
RIGHTS = (ROOT / "IAM.md").read_text()
DOCUMENTS = [
    *sorted(path.name for path in ROOT.glob("*.md")),
    "tests/handler/MUTANTS.md",
]

# Commands that need a network or an account, or that take a test run of their own.
ELSEWHERE = re.compile(r"(pip install|cdk|make) |analytics-tracker dev$")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LATER = re.compile(r"year=\d{4}/month=\d\d/day=\d\d")


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A local tracker, started as the README says, with its folder."""
    data = tmp_path_factory.mktemp("readme")
    command = [str(BIN / "analytics-tracker"), "dev"]
    command += ["--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        yield url, data
        server.send_signal(signal.SIGTERM)


def test_its_python_runs_from_top_to_bottom(tmp_path: Path) -> None:
    """As one program, in a stack of an app that synthesises in the end."""
    program = "\n".join([*documents.python_blocks(TEXT), "app.synth()"])

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_generated_parts_are_as_the_code_says(document: str) -> None:
    """`make docs` renews them, in every document that has any."""
    text = (ROOT / document).read_text()

    assert documents.generated(text) == text
    has_parts = "<!-- generated: " in text
    assert (ROOT / document in documents.DOCUMENTS) == has_parts


def test_its_commands_answer_what_it_shows(
    tracker: tuple[str, Path], tmp_path: Path
) -> None:
    """Each request is sent, and each answer shown is compared but for the day."""
    url, data = tracker
    answers: list[Any] = []
    shown: list[Any] = []
    for language, block in BLOCK.findall(TEXT):
        if language == "json" and block.startswith("{"):
            shown.append((len(answers) - 1, json.loads(block)))
        if language != "sh" or ELSEWHERE.match(block):
            continue
        script = block.replace("http://127.0.0.1:8787", url)
        script = script.replace("query --local", f"query --local --data {data}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"TRACK={url}/track\n{script}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        if "query --local" in block:
            # Who follows it sees rows.
            assert not re.search(r"^0 rows|signup +0 ", done.stdout, re.M), block
        answers.append(done.stdout)

    assert len(shown) == 4
    for index, expected in shown:
        assert _dayless(json.loads(answers[index])) == _dayless(expected)
    assert any("/pricing" in answer for answer in answers)
    assert "CREATE EXTERNAL TABLE" in (tmp_path / "setup.sql").read_text()


def test_its_notebook_runs_over_what_its_commands_sent(
    tracker: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (cell,) = [block for language, block in BLOCK.findall(TEXT) if language == "py"]
    names: dict[str, Any] = {}

    exec(cell.replace('"analytics-data"', repr(str(tracker[1]))), names)

    assert capsys.readouterr().out.endswith(" 2\n")
    assert list(names["top"]["page"]) == ["/", "/pricing"]
    assert len(names["rows"]) == 2


def _dayless(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "key": LATER.sub("DAY", str(answer.get("key")))}


def test_what_it_says_of_the_queue_is_what_is_deployed() -> None:
    """The writer's batches, its tries, the time between two and of all."""
    from analytics_tracker_construct import (
        Delivery,
        _deployed_numbers,
        _numbers,
        _queue,
        _writer,
    )

    usual = _numbers.buffering(Delivery.DIRECT, None, None)
    apart = _writer.visibility(usual).to_seconds()
    text = " ".join(TEXT.split())
    batch = (
        f"ends at {usual.batch_size:,} messages (`buffering_batch_size`), at "
        f"{usual.interval.to_seconds():.0f} seconds (`buffering_interval`, "
        f"{_deployed_numbers.MOST_WINDOW_SECONDS} at most)"
    )

    assert batch in text

    assert f"is tried {_queue.MAX_RECEIVES} times, seven minutes apart" in text
    assert apart == 7 * 60
    assert round(_queue.MAX_RECEIVES * apart / 3600) == 6
    assert f"kept until {_deployed_numbers.RETENTION_DAYS} days after" in text


def test_what_it_says_of_queries_is_what_is_deployed() -> None:
    """The workgroups' limit and its price, results, partitions, sessions, days."""
    from analytics_tracker_construct import _catalog_results, _costs, catalog
    from analytics_tracker_construct._query import engine
    from analytics_tracker_construct._sql import queries, sessions_view, tables

    text = " ".join(TEXT.split())
    words = {7: "seven", 20: "twenty"}

    assert f"at most {catalog.CUTOFF_GIB} GiB a query" in text
    assert round(_costs.query_dollars(catalog.CUTOFF_GIB << 30), 1) == 0.5
    assert "about half a dollar" in text
    assert _catalog_results.ENGINE.endswith(" version 3")
    assert "engine version 3" in text
    assert f"results that go after {catalog.RETENTION_DAYS} days" in text
    assert f"projected from {tables.FIRST_YEAR} to {tables.LAST_YEAR}" in text
    assert f"every day of {tables.LAST_YEAR - tables.FIRST_YEAR + 1} years" in text
    assert f"no more than {sessions_view.GAP_MINUTES} minutes between" in text
    assert f"the last {words[engine.DEFAULT_DAYS]} UTC days" in text
    changes = " ".join((ROOT / "CHANGELOG.md").read_text().split())
    assert f"{words[len(queries.names())]} questions by name" in changes


def test_what_is_said_of_old_versions_is_what_is_deployed() -> None:
    """In both documents, and where the argument is told."""
    from analytics_tracker_construct import AnalyticsTracker, _tenant_buckets

    days = f"{_tenant_buckets.VERSION_DAYS} days"

    assert f"`versioned` else keeps them for {days}." in " ".join(TEXT.split())
    assert f"stays for {days} more" in (ROOT / "COMPLIANCE.md").read_text()
    told = " ".join(str(AnalyticsTracker.add_tenant.__doc__).split())
    assert f"is kept for another {days} as an old version" in told


def test_what_it_says_of_keys_and_limits_is_what_is_deployed() -> None:
    """How many keys are valid, what they begin with, how many tenants have routes."""
    from analytics_tracker_construct import _api_plan, _tenant_checks
    from analytics_tracker_construct._handler import limits, write_keys

    text = " ".join(TEXT.split())
    # Of each: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    quota = 300
    routes = len(_api_plan.ROUTES)
    # POST and OPTIONS are of one resource; the tenant's folder and the root are others.
    resources = len(_api_plan.PATHS) + 1
    of_all = {"HTTP": routes + 1, "REST": len(_api_plan.PATHS) + 2}

    assert _tenant_checks.KEYS_OF_A_KIND == 2
    assert "Two keys of each kind are valid at once" in text
    assert f"public key, `{write_keys.PUBLIC}…`" in text
    assert f"secret key, `{write_keys.SECRET}…`" in text
    changes = " ".join((ROOT / "CHANGELOG.md").read_text().split())
    assert of_all["HTTP"] == 4
    assert "the stated worst day is that of four" in changes
    rooms = {
        (quota - of_all["HTTP"]) // routes,
        (quota - of_all["REST"]) // resources,
    }
    assert f"It has room for {min(rooms)} such tenants" in text
    assert max(rooms) == min(rooms)
    assert f"a request may have {limits.BATCH_EVENTS} events" in text


def test_what_it_says_of_a_trackers_room_is_what_a_template_holds() -> None:
    """To a few tenants: their names' lengths count too."""
    from aws_cdk import Stack
    from aws_cdk.assertions import Template

    from analytics_tracker_construct import (
        AnalyticsTracker,
        _catalog_checks,
        _catalog_tables,
    )

    def resources(tenants: int) -> int:
        stack = Stack()
        tracker = AnalyticsTracker(stack, "Tracker")
        for number in range(tenants):
            tracker.add_tenant(f"tenant-{number}", throttling_rate_limit=5)
        return len(Template.from_stack(stack).to_json()["Resources"])

    def tables(tenants: int) -> int:
        names = [f"tenant-{number}" for number in range(tenants)]
        return _catalog_tables.template_bytes("website_tracker_catalog", names)

    text = " ".join(TEXT.split())
    first, second = resources(1), resources(2)
    bound = _catalog_checks.TEMPLATE_BYTES

    assert f"{bound:,} for tables and views) and its stack (500 resources)" in text
    assert "the first is full at some 35 tenants" in text
    assert 33 <= 1 + (500 - first) // (second - first) <= 37
    assert tables(33) < bound < tables(38)


def test_the_rights_in_short_are_those_of_the_policies() -> None:
    """For each role, over all rows of the table."""
    (section,) = re.findall(r"^## IAM permissions\n(.*?)^## ", TEXT, re.DOTALL | re.M)
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| ")]
    said = [
        set(re.findall(r"\w+:\w+", str(cells))) for cells in zip(*rows, strict=True)
    ]

    granted = []
    for each in documents.template()["Resources"].values():
        if each["Type"] == "AWS::IAM::Policy":
            actions = set()
            for statement in each["Properties"]["PolicyDocument"]["Statement"]:
                one_or_more = statement["Action"]
                one = isinstance(one_or_more, str)
                actions |= {one_or_more} if one else set(one_or_more)
            granted.append(actions)

    assert said[2:4] == granted


def test_what_it_says_of_rights_with_a_key_and_in_a_vpc_is_what_is_granted() -> None:
    """Whose role is imported as unchangeable has to write these down."""
    from aws_cdk import Stack
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from analytics_tracker_construct import AnalyticsTracker, _network

    stack = Stack()
    tenants_key = kms.Key(stack, "Theirs")
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        encryption_key=kms.Key(stack, "Mine"),
        vpc=ec2.Vpc(stack, "Vpc", nat_gateways=0),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    )
    bucket = s3.Bucket(stack, "Bucket", encryption_key=tenants_key)
    tracker.add_tenant("shop", bucket=bucket)
    text = " ".join(RIGHTS.split())
    function, writer = _rights(stack, "Role"), _rights(stack, "WriterRole")

    mine, theirs = function["Mine"], function["Theirs"]
    assert f"the function may also do {_listed(mine)} on that key, and" in text
    assert f"and the writer {_listed(writer['Mine'])}." in text
    assert f"of a tenant's bucket both may do {_listed(theirs)}." in text
    assert writer["Theirs"] == theirs
    assert writer["network"] == function["network"]
    assert writer["*"] == function["*"]
    kinds = _listed([f"{kind}/*" for kind in _network.CHANGED])
    said = f"with {kinds}, and {_listed(function['*'])} on `*`"
    assert f"both may also do {_listed(function['network'])} on `arn:aws:ec2:" in text
    assert said in text


def _rights(stack: Any, role: str) -> dict[str, list[str]]:
    """Return the actions of a role on keys and networks, by what they are on."""
    from aws_cdk.assertions import Template

    found: dict[str, list[str]] = {}
    for name, each in Template.from_stack(stack).to_json()["Resources"].items():
        if each["Type"] != "AWS::IAM::Policy" or f"Tracker{role}Default" not in name:
            continue
        for statement in each["Properties"]["PolicyDocument"]["Statement"]:
            actions, on = statement["Action"], statement["Resource"]
            actions = [actions] if isinstance(actions, str) else actions
            if actions[0].startswith("kms:"):
                found[on["Fn::GetAtt"][0][:-8]] = actions
            elif actions[0].startswith("ec2:"):
                held = {"Null": {"lambda:SourceFunctionArn": "true"}}
                assert statement["Condition"] == held
                assert f"where `{json.dumps(held)}` holds" in " ".join(RIGHTS.split())
                found["*" if on == "*" else "network"] = actions
    return found


def _listed(actions: list[str]) -> str:
    *most, last = [f"`{action}`" for action in actions]
    return f"{', '.join(most)} and {last}" if most else last


def test_it_names_the_oldest_cdk_that_works() -> None:
    (lowest,) = re.findall(
        r'"aws-cdk-lib>=([\d.]+)"', (ROOT / "pyproject.toml").read_text()
    )

    assert f"every `aws-cdk-lib` 2 from {lowest} on" in " ".join(TEXT.split())


def test_every_make_target_that_it_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        code = " ".join(re.findall(r"^```.*?^```|`[^`\n]+`", text, re.DOTALL | re.M))
        for target in re.findall(r"(?:`|\n)make ([a-z0-9-]+)", code):
            assert f"\n{target}:" in makefile, f"{document}: make {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    """In links, and in backticks where it names a folder of ours."""
    text = (ROOT / document).read_text()
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    named += re.findall(
        r"`((?:tests|handler|tools|benchmarks|traffic|examples|src)/[\w/.-]+)`", text
    )

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_heading_finds_it(document: str) -> None:
    """By the name that GitHub and PyPI give to a heading."""
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text)

    for file, heading in links:
        there = (ROOT / (file or document)).read_text()
        headings = re.findall(r"^#+ (.+)$", there, re.M)
        anchors = [re.sub(r"[^\w -]", "", each).lower() for each in headings]
        assert heading in [each.replace(" ", "-") for each in anchors], heading
