"""Where `analytics-tracker query` writes an answer: standard output or a file."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._query.errors import needed
from .._query.result import Result
from . import _output
from ._errors import CommandError
from ._printing import printing

_PARQUET = "parquet"
#: The folders whose names are open descriptors, `/dev/stdout` among them.
_DESCRIPTORS = re.compile(r"/dev(/fd)?|/proc/[^/]+(/task/[^/]+)?/fd")
#: Links that are followed from one to the next, as by Linux.
_MOST_LINKS = 40
# What a process that ends at once would leave behind.
_unfinished: set[Path] = set()


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how and where."""
    parser.add_argument(
        "--format",
        choices=(*_output.FORMATS, _PARQUET),
        default="table",
        help="how rows are written (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write to a file, which appears when it is complete (default: standard "
        "output)",
    )


def check(options: argparse.Namespace) -> None:
    """Refuse before anything is asked what could not be written.

    Raises:
        CommandError: If it could not.
    """
    try:
        if options.format == "table":
            extra = "local" if options.local else "aws"
            package = f"'analytics-tracker-construct[{extra}]'"
            needed("rich", f"{package}, or choose --format csv", "tables need")
        # DuckDB writes Parquet by itself.
        if options.format == _PARQUET and not options.local:
            needed("pyarrow", "pyarrow", "Parquet needs")
    except ImportError as error:
        raise CommandError(str(error)) from None
    if options.output is not None:
        if options.output.is_dir():
            raise CommandError(f"{options.output} is a folder; name a file", status=2)
        folder = _named(options.output).parent
        if not folder.is_dir():
            raise CommandError(f"{folder} does not exist; make it first", status=2)
    elif sys.stdout is None:
        raise CommandError("cannot write the answer: standard output is closed")
    elif options.format == _PARQUET and sys.stdout.isatty():
        raise CommandError(
            "Parquet is nothing to read; name a file with --output", status=2
        )


def write(result: Result, options: argparse.Namespace) -> None:
    """Write the rows.

    Raises:
        CommandError: If there is no room, or the file cannot be made.
    """
    if options.output is None:
        with printing("cannot write the answer"):
            _to_stdout(result, options.format)
        return
    try:
        _to_file(result, options.format, options.output)
    except BrokenPipeError:
        # The reader of a named pipe has enough.
        return
    except OSError as error:
        raise CommandError(
            f"cannot write the answer to {options.output}: {error.strerror or error}"
        ) from None


def discard() -> None:
    """Remove what is not complete, whoever may be writing to it still."""
    for path in list(_unfinished):
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _to_stdout(result: Result, form: str) -> None:
    if form != _PARQUET:
        _output.write(result, form, sys.stdout)
        return
    # A pipe cannot be written to as a file is.
    with tempfile.TemporaryDirectory() as folder, _discardable(Path(folder)):
        path = Path(folder) / "answer.parquet"
        result.parquet(path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


def _to_file(result: Result, form: str, path: Path) -> None:
    with _complete(path) as part:
        if form == _PARQUET:
            result.parquet(part)
        else:
            with part.open("w", encoding="utf-8", newline="") as out:
                _output.write(result, form, out)


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the name when all went well."""
    path = _named(path)
    if _is_descriptor(path) or (path.exists() and not path.is_file()):
        # A device or a pipe is not to be replaced.
        yield path
        return
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with _discardable(part):
        try:
            yield part
            if mode is not None:
                part.chmod(mode)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _named(path: Path) -> Path:
    """Return what links lead to: a file, or the name of an open descriptor."""
    for _ in range(_MOST_LINKS):
        if _is_descriptor(path) or not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return path


def _is_descriptor(path: Path) -> bool:
    """Whether a file's name is that of something which is open already."""
    return _DESCRIPTORS.fullmatch(str(path.parent.resolve())) is not None


@contextmanager
def _discardable(path: Path) -> Iterator[None]:
    _unfinished.add(path)
    try:
        yield
    finally:
        _unfinished.discard(path)
