"""Installs the peers into a folder of their own: `python -m benchmarks.install`.

Nothing of it touches the environment that this runs in. What is there already is
installed again only with `--upgrade`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from .contenders import HERE, NODE_PEERS, PYTHON_PEERS

_SOURCES = HERE / "peers"
# The SDK's own advice: one file, minified, for the runtime that will run it.
_BUNDLE = (
    "--bundle",
    "--minify",
    "--platform=node",
    "--target=node20",
    "--format=esm",
    # Some of its packages are CommonJS and ask for `require`.
    "--banner:js=import{createRequire as r}from'node:module';"
    "const require=r(import.meta.url);",
)


def main() -> None:
    upgrade = "--upgrade" in sys.argv[1:]
    if upgrade or not (PYTHON_PEERS / "boto3").is_dir():
        _python()
    if shutil.which("npm") is None:
        print("no npm here: the Node.js peer is left out", file=sys.stderr)
        return
    if upgrade or not (NODE_PEERS / "node_modules").is_dir():
        _node()
    _bundle()


def _python() -> None:
    shutil.rmtree(PYTHON_PEERS, ignore_errors=True)
    # pip compiles what it installs: the peers start with bytecode.
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet"),
        *("--target", str(PYTHON_PEERS)),
        *("--requirement", str(_SOURCES / "requirements.txt")),
    )


def _node() -> None:
    NODE_PEERS.mkdir(parents=True, exist_ok=True)
    shutil.copy(_SOURCES / "package.json", NODE_PEERS)
    _run(
        *("npm", "install", "--prefix", str(NODE_PEERS)),
        *("--no-audit", "--no-fund", "--loglevel=error"),
    )


def _bundle() -> None:
    # It looks for packages from where the source is.
    source = shutil.copy(_SOURCES / "node_sdk.mjs", NODE_PEERS / "source.mjs")
    esbuild = NODE_PEERS / "node_modules" / ".bin" / "esbuild"
    outfile = f"--outfile={NODE_PEERS / 'node_sdk.mjs'}"
    _run(str(esbuild), str(source), *_BUNDLE, outfile, "--log-level=error")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
