"""The wheel and the source distribution hold what they should, and say so."""

from __future__ import annotations

import re
import tarfile
import zipfile
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from analytics_tracker_construct import __version__

from .conftest import Built
from .installs import files_below

_PACKAGE = "analytics_tracker_construct"
_INFO = f"{_PACKAGE}-{__version__}.dist-info"


@pytest.fixture(scope="session")
def metadata(built: Built) -> Distribution:
    """The wheel's metadata."""
    return PathDistribution(zipfile.Path(built.wheel) / _INFO)


def test_wheel_holds_the_library_and_the_function_and_no_more(
    built: Built, checkout: Path
) -> None:
    """No bytecode, no tests, no examples, and nothing that lay about."""
    library = files_below(checkout / "src")
    modules = {path.name for path in (checkout / "handler").glob("*.py")}
    modules.add("tracker.js")
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")

    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()

    assert len(names) == len(set(names))
    assert set(names) == {
        *library,
        *(f"{_PACKAGE}/handler/{name}" for name in modules),
        *(f"{_INFO}/{name}" for name in about),
    }
    assert f"{_PACKAGE}/py.typed" in names
    assert f"{_PACKAGE}/handler/app.py" in names


def test_source_distribution_holds_what_the_wheel_is_built_from(
    built: Built, checkout: Path
) -> None:
    """No bytecode, and nothing that lay about."""
    documents = {path.name for path in checkout.glob("*.md")}
    top = ("LICENSE", "hatch_build.py", "pyproject.toml", ".gitignore")
    modules = {path.name for path in (checkout / "handler").glob("*.py")}
    modules.add("tracker.js")

    with tarfile.open(built.sdist) as sdist:
        names = {
            member.name.partition("/")[2]
            for member in sdist.getmembers()
            if member.isfile()
        }

    assert names == {
        *top,
        *documents,
        "PKG-INFO",
        *(f"handler/{name}" for name in modules),
        *(f"src/{name}" for name in files_below(checkout / "src")),
    }


def test_wheel_of_the_source_distribution_is_that_of_the_tree(built: Built) -> None:
    """Byte for byte."""
    assert built.wheel.name == built.wheel_of_tree.name
    assert built.wheel.read_bytes() == built.wheel_of_tree.read_bytes()


def test_wheel_runs_anywhere(built: Built) -> None:
    """It has no compiled parts."""
    assert built.wheel.name == f"{_PACKAGE}-{__version__}-py3-none-any.whl"


def test_tells_name_version_licence_and_description(metadata: Distribution) -> None:
    """What an index shows, and what a licence check reads."""
    said = metadata.metadata

    assert said["Name"] == "analytics-tracker-construct"
    assert said["Version"] == __version__
    assert said["License-Expression"] == "MIT"
    assert said["Requires-Python"] == ">=3.10"
    assert 40 <= len(said["Summary"]) <= 160
    assert said["Author"]
    assert said["Keywords"]
    assert said["Description-Content-Type"] == "text/markdown"
    assert "MIT License" in (metadata.read_text("licenses/LICENSE") or "")


def test_an_index_shows_the_readme_without_links_that_lead_nowhere_there(
    metadata: Distribution, checkout: Path
) -> None:
    """Files of the tree are named, and not linked to; all else is as it stands."""
    readme = (checkout / "README.md").read_text("utf-8")
    shown = metadata.metadata.get_payload()  # type: ignore[attr-defined]  # the message's body

    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", shown) == []
    files = re.compile(r"\[(\w+\.md)\]\(\1(#[\w-]+)?\)")
    assert shown.strip() == files.sub(r"\1", readme).strip()


def test_names_each_python_it_is_tested_on(metadata: Distribution) -> None:
    """And says that it has types and belongs to the CDK."""
    classifiers = set(metadata.metadata.get_all("Classifier") or ())

    assert classifiers >= {
        "Framework :: AWS CDK :: 2",
        "Typing :: Typed",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)),
    }


def test_dependencies_have_a_floor_and_no_ceiling(metadata: Distribution) -> None:
    """A library with a ceiling keeps its host from upgrading."""
    floors = dict(
        _floor(line) for line in metadata.requires or () if "extra" not in line
    )

    assert sorted(floors) == ["aws-cdk-lib", "constructs", "jsii", "typing-extensions"]


@pytest.mark.parametrize(
    ("extra", "brings"),
    [("aws", ["boto3", "rich"]), ("local", ["duckdb", "pytz", "rich", "sqlglot"])],
)
def test_extras_bring_what_their_commands_need(
    metadata: Distribution, extra: str, brings: list[str]
) -> None:
    """`local` is for the queries, `aws` for what looks after a deployed tracker."""
    found = [
        _floor(line.partition(";")[0])[0]
        for line in metadata.requires or ()
        if re.search(f"extra == .{extra}.", line)
    ]

    extras = metadata.metadata.get_all("Provides-Extra") or ()
    assert sorted(extras) == ["aws", "dev", "local"]
    assert sorted(found) == brings


def test_installs_the_command(metadata: Distribution) -> None:
    """And no other."""
    assert [(point.group, point.name) for point in metadata.entry_points] == [
        ("console_scripts", "analytics-tracker")
    ]


def _floor(requirement: str) -> tuple[str, str]:
    """Return a requirement's name and lower bound, which is all that it may have."""
    parts = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement.strip())
    assert parts is not None, requirement
    return parts[1], parts[2]
