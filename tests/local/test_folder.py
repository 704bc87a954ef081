"""The folder store: objects whole or absent, never twice, never elsewhere."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_tracker_construct._handler import storage
from analytics_tracker_construct._local.folder import INCOMING, FolderStore

KEY = "analytics/year=2026/month=01/day=31/abcdefgh.json"


def put(store: FolderStore, bucket: str, key: str, body: bytes) -> storage.Outcome:
    deadline = time.monotonic() + 10
    return store.put(bucket, key, body, deadline=deadline, content_type="x/y").outcome


def get(store: FolderStore, bucket: str, key: str) -> bytes:
    return store.get(bucket, key, deadline=time.monotonic() + 10)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "data")


def test_keeps_an_object_under_its_bucket_and_key(store: FolderStore) -> None:
    assert put(store, "shop", KEY, b"one") is storage.Outcome.STORED
    assert (store.root / "shop" / KEY).read_bytes() == b"one"
    assert get(store, "shop", KEY) == b"one"


def test_the_first_write_wins(store: FolderStore) -> None:
    put(store, "shop", KEY, b"one")

    assert put(store, "shop", KEY, b"two") is storage.Outcome.EXISTED
    assert get(store, "shop", KEY) == b"one"


def test_leaves_nothing_behind_but_the_object(store: FolderStore) -> None:
    put(store, "shop", KEY, b"one")
    put(store, "shop", KEY, b"two")

    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert files == [store.root / "shop" / KEY]


def test_of_twenty_writers_one_stores(store: FolderStore) -> None:
    """What is there afterwards is what the one wrote that was told so."""
    together = threading.Barrier(20)
    outcomes: dict[int, storage.Outcome] = {}

    def write(number: int) -> None:
        together.wait()
        outcomes[number] = put(store, "shop", KEY, b"%d" % number * 9000)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winners = [n for n, o in outcomes.items() if o is storage.Outcome.STORED]
    assert len(winners) == 1
    assert get(store, "shop", KEY) == b"%d" % winners[0] * 9000


def test_says_that_an_object_is_missing(store: FolderStore) -> None:
    with pytest.raises(storage.StorageError) as caught:
        get(store, "shop", KEY)

    assert caught.value.fault is storage.Fault.MISSING


def test_writes_on_where_somebody_has_removed_the_folder(store: FolderStore) -> None:
    put(store, "shop", KEY, b"one")
    shutil.rmtree(store.root)

    assert put(store, "shop", KEY, b"two") is storage.Outcome.STORED
    assert get(store, "shop", KEY) == b"two"


def test_a_folder_that_goes_within_a_write_is_no_missing_bucket(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing bucket is the client's mistake, and its event would be lost."""

    def gone(*_: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone")

    monkeypatch.setattr(os, "link", gone)
    with pytest.raises(storage.StorageError) as caught:
        put(store, "shop", KEY, b"one")

    assert caught.value.fault is storage.Fault.UNAVAILABLE


def test_removes_an_object_and_takes_none_for_no_error(store: FolderStore) -> None:
    put(store, "shop", KEY, b"one")

    for _ in range(2):
        store.delete("shop", KEY, deadline=time.monotonic() + 10)

    assert not (store.root / "shop" / KEY).exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.put("shop", KEY, b"", deadline=0, content_type="x/y"),
        lambda s: s.get("shop", KEY, deadline=0),
        lambda s: s.delete("shop", KEY, deadline=0),
    ],
)
def test_does_nothing_after_the_deadline(store: FolderStore, call: Any) -> None:
    with pytest.raises(storage.StorageError) as caught:
        call(store)

    assert caught.value.fault is storage.Fault.UNAVAILABLE
    assert not (store.root / "shop" / KEY).exists()


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("..", "a"),
        ("", "a"),
        (INCOMING, "a"),
        ("a/b", "a"),
        ("shop", "../a"),
        ("shop", "analytics/../../../a"),
        ("shop", "/etc/passwd"),
        ("shop", "a//b"),
        ("shop", "a/"),
        ("shop", ""),
        ("shop", "a\0b"),
        ("shop", "a\\b"),
        ("shop", "c:a"),
        ("shop", ".hidden"),
        ("shop", "a\n"),
    ],
)
def test_refuses_what_is_no_plain_path(
    store: FolderStore, bucket: str, key: str
) -> None:
    with pytest.raises(storage.StorageError) as caught:
        put(store, bucket, key, b"x")

    assert caught.value.fault is storage.Fault.REFUSED


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bucket=st.text("ab.-/\\\0~", max_size=6), key=st.text("ab./\\\0~:= ", max_size=9)
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, bucket: str, key: str) -> None:
    store = FolderStore(tmp_path / "outer" / "data")
    try:
        put(store, bucket, key, b"x")
    except storage.StorageError:
        pass
    else:
        assert (store.root / bucket / key).read_bytes() == b"x"

    assert list(tmp_path.iterdir()) == [tmp_path / "outer"]
    assert list((tmp_path / "outer").iterdir()) == [store.root]
    assert all(path.name[0] in "ab." for path in store.root.iterdir())


def test_reports_a_fault_of_the_disk_as_unavailable(store: FolderStore) -> None:
    """Here a file is where the bucket's folder should be."""
    (store.root / "shop").write_bytes(b"")

    with pytest.raises(storage.StorageError) as caught:
        put(store, "shop", KEY, b"x")

    assert caught.value.fault is storage.Fault.UNAVAILABLE


def test_reports_a_disk_that_may_not_be_written_as_refused(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(storage.StorageError) as caught:
        put(store, "shop", KEY, b"x")

    assert caught.value.fault is storage.Fault.REFUSED


def test_does_not_start_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(OSError, match="not supported"):
        FolderStore(tmp_path)


def test_sweeps_what_killed_processes_left(tmp_path: Path) -> None:
    """What is young may be another process's, which is writing it now."""
    store = FolderStore(tmp_path)
    old, young = (store.root / INCOMING / name for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))

    FolderStore(tmp_path)

    assert not old.exists()
    assert young.exists()


_WRITER = """
import sys, time
from pathlib import Path
from analytics_tracker_construct._local.folder import FolderStore

store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number += 1
    store.put("shop", f"analytics/{number:08}.json", b"x" * 3_000_000 + b"end",
              deadline=time.monotonic() + 10, content_type="x/y")
"""


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.11, 0.17])
def test_a_killed_writer_leaves_no_partial_object(
    tmp_path: Path, seconds: float
) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + 10
        while not list(tmp_path.glob("shop/*/*")) and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(seconds)
        process.kill()

    objects = list(tmp_path.glob("shop/analytics/*"))
    assert objects
    for path in objects:
        assert path.stat().st_size == 3_000_003
        assert path.read_bytes().endswith(b"end")
