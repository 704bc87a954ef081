"""However the package is had, it works and makes the same function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct import __version__
from analytics_tracker_construct._asset import ENTRY

from .installs import Asset, Install

_USER_CODE = """\
import aws_cdk as cdk
from analytics_tracker_construct import AnalyticsTracker, Tenant, TrackerApi


def add_tracker(stack: cdk.Stack) -> Tenant:
    tracker = AnalyticsTracker(
        stack, "Tracker", allowed_buckets=["website-analytics"], api=TrackerApi.http()
    )
    url: str = tracker.track_url
    return tracker.add_tenant("shop", allowed_origins=[url])
"""

# Reading the CDK's own types takes minutes, and they are not what this is about.
_MYPY_CONFIG = """\
[mypy]
strict = true
[mypy-aws_cdk.*]
follow_imports = skip
"""


def test_wheel_is_what_is_imported(wheel_install: Install, tmp_path: Path) -> None:
    """The tests below would prove nothing of the tree's own modules."""
    package = wheel_install.package(tmp_path)

    assert package.is_relative_to(wheel_install.python.parents[1])
    assert (package / "handler" / "app.py").is_file()
    assert list((package / "handler" / "__pycache__").glob("app.cpython-*.pyc"))


def test_editable_install_copies_nothing(
    editable_install: Install, used_tree: Path, tmp_path: Path
) -> None:
    """A copy of the function's modules would grow old unseen."""
    package = editable_install.package(tmp_path)
    copies = editable_install.python.parents[1].rglob("analytics_tracker_construct/**")

    assert package == used_tree / "src" / "analytics_tracker_construct"
    assert list(copies) == []


def test_asset_is_the_same_however_the_package_is_had(
    assets: dict[str, Asset],
) -> None:
    """Another hash would deploy the function again for no reason."""
    assert len(assets) == 3
    assert len({asset.hash for asset in assets.values()}) == 1, {
        way: asset.hash for way, asset in assets.items()
    }


@pytest.mark.parametrize("way", ["wheel", "editable install", "source checkout"])
def test_asset_holds_the_functions_modules_and_no_more(
    way: str, assets: dict[str, Asset], checkout: Path
) -> None:
    """No bytecode, and nothing that lay about."""
    modules = [
        path.relative_to(checkout)
        for pattern in ("*.py", "tracker.js")
        for path in (checkout / "handler").glob(pattern)
    ]

    assert assets[way].files() == {module.as_posix() for module in modules}
    for module in modules:
        staged = assets[way].folder / module
        assert staged.read_bytes() == (checkout / module).read_bytes()


def test_asset_answers_where_nothing_is_installed(assets: dict[str, Asset]) -> None:
    """With the variables of the template and the standard library alone."""
    asset = assets["wheel"]
    code = (
        "import json, sys; from handler.app import handler; "
        "print(json.dumps([handler(json.load(sys.stdin), None), "
        "[name for name in ('aws_cdk', 'boto3', 'jsii') if name in sys.modules]]))"
    )
    preflight = {
        "httpMethod": "OPTIONS",
        "path": "/track",
        "headers": {"Origin": "https://example.com"},
        "requestContext": {"identity": {"sourceIp": "203.0.113.9"}},
    }

    done = subprocess.run(
        # Without `site` there are no installed packages.
        [sys.executable, "-S", "-B", "-c", code],
        capture_output=True,
        check=False,
        cwd=asset.folder,
        env={**_variables(asset.folder.parent), "PATH": os.environ["PATH"]},
        input=json.dumps(preflight),
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    reply, loaded = json.loads(done.stdout)
    assert reply["statusCode"] == 204
    assert reply["headers"]["Access-Control-Allow-Origin"] == "*"
    assert loaded == []


def test_wheel_installs_the_command_line(
    wheel_install: Install, tmp_path: Path
) -> None:
    """It tells its version and how to go on."""
    version = wheel_install.run("analytics-tracker", "--version", cwd=tmp_path)
    usage = wheel_install.run("analytics-tracker", "--help", cwd=tmp_path)

    assert (version.returncode, version.stdout) == (
        0,
        f"analytics-tracker {__version__}\n",
    )
    assert usage.returncode == 0
    assert "analytics-tracker dev" in usage.stdout


def test_wheel_has_types(wheel_install: Install, tmp_path: Path) -> None:
    """A user's code is checked against the constructor's own argument names."""
    right = _check_types(wheel_install, tmp_path, _USER_CODE)
    wrong = _check_types(
        wheel_install, tmp_path, _USER_CODE.replace("allowed_buckets", "allow_buckets")
    )

    assert right.returncode == 0, right.stdout
    assert wrong.returncode == 1
    assert 'Unexpected keyword argument "allow_buckets"' in wrong.stdout
    assert wrong.stdout.count("error:") == 1, wrong.stdout


def _check_types(
    environment: Install, folder: Path, code: str
) -> subprocess.CompletedProcess[str]:
    (folder / "app.py").write_text(code, encoding="utf-8")
    (folder / "mypy.ini").write_text(_MYPY_CONFIG, encoding="utf-8")
    return environment.run("python", "-m", "mypy", "app.py", cwd=folder)


def _variables(assembly: Path) -> dict[str, str]:
    """Return the function's variables, with what a deployment would fill in."""
    (file,) = assembly.glob("*.template.json")
    resources: dict[str, Any] = json.loads(file.read_text("utf-8"))["Resources"]
    (function,) = (
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"] == ENTRY
    )
    # The first three are Lambda's own.
    filled = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
    }
    for name, value in function["Environment"]["Variables"].items():
        if isinstance(value, str):
            filled[name] = value
        else:
            account = value["Ref"] == "AWS::AccountId"
            filled[name] = "111111111111" if account else value["Ref"].lower()
    return filled
