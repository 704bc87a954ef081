"""The examples, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import aws_cdk as cdk

Json = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/app.py"))

_ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")


class Assembly(NamedTuple):
    """What an example's synthesis left in its folder."""

    folder: Path
    exit_status: int
    messages: str

    def manifest(self) -> Json:
        """Return the stack's artifact."""
        manifest = self._read("manifest.json")
        (stack,) = (
            artifact
            for artifact in manifest["artifacts"].values()
            if artifact["type"] == "aws:cloudformation:stack"
        )
        return dict(stack)

    def template_file(self) -> Path:
        """Return the one template's path."""
        return self.folder / str(self.manifest()["properties"]["templateFile"])

    def snapshot(self) -> str:
        """Return the template's text without what changes with each edit of the code.

        An asset's hash changes with the code that it is made of. Everything else that
        changes is a change of what is deployed.
        """
        text = self.template_file().read_text(encoding="utf-8")
        template = json.loads(_ASSET_HASH.sub("ASSET", text))
        return json.dumps(template, indent=1, sort_keys=True) + "\n"

    def annotations(self) -> list[str]:
        """Return the warnings and errors that constructs left."""
        return [
            f"{path}: {entry['data']}"
            for path, entry in self._metadata()
            if entry["type"] in ("aws:cdk:warning", "aws:cdk:error")
        ]

    def paths(self) -> dict[str, str]:
        """Return the resources' construct paths by their logical ids."""
        return {
            str(entry["data"]): path.removeprefix("/")
            for path, entry in self._metadata()
            if entry["type"] == "aws:cdk:logicalId"
        }

    def _metadata(self) -> Iterator[tuple[str, Json]]:
        stack = self.manifest()
        found = dict(stack.get("metadata", {}))
        if "additionalMetadataFile" in stack:
            found |= self._read(stack["additionalMetadataFile"])
        for path, entries in found.items():
            for entry in entries:
                yield path, entry

    def _read(self, name: str) -> Json:
        return dict(json.loads((self.folder / name).read_text(encoding="utf-8")))


def synthesise_all(folder: Path) -> dict[str, Assembly]:
    """Run every example, in a process of its own, with the command of its cdk.json."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(lambda name: _synthesise(name, folder / name), NAMES)
        return dict(zip(NAMES, made, strict=True))


def _synthesise(name: str, out: Path) -> Assembly:
    command = json.loads((FOLDER / name / "cdk.json").read_text("utf-8"))["app"]
    # The CDK's command line runs the command in this way, in the user's environment.
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=FOLDER / name,
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        shell=True,
        text=True,
        timeout=120,
    )
    return Assembly(out, done.returncode, done.stderr)


def construct_tree(name: str) -> cdk.App:
    """Return an example's app, complete and not synthesised."""
    apps: list[cdk.App] = []

    def keep(app: cdk.App) -> None:
        apps.append(app)

    with patch.object(cdk.App, "synth", keep):
        runpy.run_path(str(FOLDER / name / "app.py"), run_name="__main__")
    (app,) = apps
    return app
