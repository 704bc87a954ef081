"""The examples as apps that the CDK's command line deploys, as they are or edited."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .aws import ACCOUNT, REGION, Aws, inherited

_EXAMPLES = Path(__file__).parents[2] / "examples"
_SECONDS = 400


class App:
    """An example's copy, with an assembly folder of its own.

    Args:
        name: The example's folder.
        folder: Where the copy goes.
        cdk: The CDK's command line.
        aws: Where it is deployed.
    """

    def __init__(self, name: str, folder: Path, cdk: str, aws: Aws) -> None:
        self._folder = folder / name
        self._cdk = cdk
        self._aws = aws
        self._folder.mkdir()
        for file in ("app.py", "cdk.json"):
            text = (_EXAMPLES / name / file).read_text("utf-8")
            (self._folder / file).write_text(text, "utf-8")

    def edit(self, old: str, new: str) -> None:
        """Change the app's source, as its owner would.

        Args:
            old: It must be there exactly once.
            new: What comes in its place.
        """
        path = self._folder / "app.py"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    def keep_buckets(self) -> None:
        """Have the tracker's buckets kept in words that LocalStack knows."""
        text = (self._folder / "app.py").read_text("utf-8")
        (before,) = re.findall(r'\n +self,\s+"Tracker",|self, "Tracker",', text)
        self.edit(before, f"{before} removal_policy=cdk.RemovalPolicy.RETAIN,")

    def bootstrap(self) -> None:
        """Make what the CDK needs in an account."""
        self._run("bootstrap", f"aws://{ACCOUNT}/{REGION}")

    def synthesise(self) -> None:
        """Make the template, and deploy nothing."""
        self._run("synth", "--quiet")

    def deploy(self) -> None:
        """Deploy the app's stack."""
        self._run("deploy", "--all", "--require-approval", "never")

    def destroy(self) -> None:
        """Delete the app's stack."""
        self._run("destroy", "--all", "--force")

    def template(self) -> str:
        """Return the text of the template that was made last."""
        (path,) = (self._folder / "cdk.out").glob("*.template.json")
        return path.read_text("utf-8")

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [self._cdk, "--no-notices", "--ci", *arguments],
            cwd=self._folder,
            env={
                **inherited(),
                **self._aws.environment,
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true",
                "PATH": f"{Path(sys.executable).parent}:{inherited()['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            log = self._aws.log.read_text("utf-8", errors="replace")
            raise RuntimeError(
                f"cdk {arguments[0]} failed:\n{done.stdout[-3000:]}\n"
                f"{done.stderr[-6000:]}\nLocalStack said:\n{log[-6000:]}"
            )
