"""Chromium without a window, told what to do over a pipe.

Its protocol is https://chromedevtools.github.io/devtools-protocol/: JSON documents with
a null byte after each, on two descriptors that it finds as 3 and 4.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO

from .waiting import wait

SECONDS = 30.0

#: What each Chromium is told that a test starts.
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Without a window it would name itself HeadlessChrome, which is taken for a bot.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
)
#: Without it the browser says that it is driven by a program, and nobody is counted.
UNNOTICED = "--disable-blink-features=AutomationControlled"


class Failed(Exception):
    """The browser refused a command, or a page's script failed."""


class Browser:
    """A browser, and the tabs that tests open in it.

    Args:
        process: The browser.
        commands: Where commands are written.
        answers: Where answers and events come from.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], commands: BinaryIO, answers: BinaryIO
    ) -> None:
        self.process = process
        self._commands = commands
        self._answers = answers
        self._waiting: dict[int, Queue[Mapping[str, Any]]] = {}
        self._lock = threading.Lock()
        self._last = 0
        self.events: list[Mapping[str, Any]] = []
        """What happened in any tab, such as requests; see :meth:`Tab.events`."""
        threading.Thread(target=self._listen, daemon=True).start()

    def call(
        self, method: str, session: str | None = None, /, **parameters: Any
    ) -> dict[str, Any]:
        """Give a command and return its result.

        Raises:
            Failed: If the browser refused it.
        """
        answer: Queue[Mapping[str, Any]] = Queue(1)
        with self._lock:
            self._last += 1
            number = self._last
            self._waiting[number] = answer
            command = {"id": number, "method": method, "params": parameters}
            if session is not None:
                command["sessionId"] = session
            self._commands.write(json.dumps(command).encode() + b"\0")
            self._commands.flush()
        got = answer.get(timeout=SECONDS)
        if "error" in got:
            raise Failed(f"{method}: {got['error']}")
        return dict(got["result"])

    @contextmanager
    def visitor(self) -> Iterator[Visitor]:
        """Yield somebody with storage of his own, whose tabs are closed at the end."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        try:
            yield Visitor(self, context)
        finally:
            with suppress(Failed):
                self.call("Target.disposeBrowserContext", browserContextId=context)

    def _listen(self) -> None:
        rest = b""
        while chunk := os.read(self._answers.fileno(), 1 << 20):
            *whole, rest = (rest + chunk).split(b"\0")
            for each in whole:
                document = json.loads(each)
                waiting = self._waiting.pop(document.get("id"), None)
                if waiting is not None:
                    waiting.put(document)
                elif "method" in document:
                    self.events.append(document)


class Visitor:
    """Somebody with storage of his own.

    Args:
        browser: The browser.
        context: The browser's name for him.
    """

    def __init__(self, browser: Browser, context: str) -> None:
        self._browser = browser
        self._context = context

    def open(
        self, url: str, *, before: str = "", emulation: Mapping[str, Any] | None = None
    ) -> Tab:
        """Open a page in a new tab and wait until it is loaded.

        Args:
            url: The page.
            before: A script that each of the tab's pages runs before its own.
            emulation: Parameters of commands, by their methods, given before.
        """
        target = self._browser.call(
            "Target.createTarget",
            url="about:blank",
            browserContextId=self._context,
        )["targetId"]
        tab = Tab(self._browser, target)
        if before:
            tab.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        for method, parameters in (emulation or {}).items():
            tab.call(method, **parameters)
        tab.go(url)
        return tab

    def visit(self, url: str) -> None:
        """Open a page in a tab that nobody drives: only there are pages prepared."""
        self._browser.call(
            "Target.createTarget", url=url, browserContextId=self._context
        )


class Tab:
    """A tab.

    Args:
        browser: The browser.
        target: The browser's name for the tab.
    """

    def __init__(self, browser: Browser, target: str) -> None:
        self._browser = browser
        self._target = target
        self._session: str = browser.call(
            "Target.attachToTarget", targetId=target, flatten=True
        )["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """Give a command to the tab and return its result."""
        return self._browser.call(method, self._session, **parameters)

    def go(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        seen = len(self.events("Page.loadEventFired"))
        result = self.call("Page.navigate", url=url)
        if "errorText" in result:
            raise Failed(f"{url}: {result['errorText']}")
        self.wait_loaded(seen)

    def wait_loaded(self, seen: int) -> None:
        """Wait until more pages were loaded than had been seen."""
        wait(lambda: len(self.events("Page.loadEventFired")) > seen, "the page")

    def run(self, script: str) -> Any:
        """Run an expression in the page and return its value.

        Raises:
            Failed: If it throws.
        """
        result = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            raise Failed(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def start(self, script: str) -> None:
        """Run an expression that may never end, in a thread that may wait for ever."""
        threading.Thread(target=self._run_quietly, args=[script], daemon=True).start()

    def events(self, method: str) -> list[Mapping[str, Any]]:
        """Return what happened in the tab, such as `Network.requestWillBeSent`."""
        return [
            each["params"]
            for each in list(self._browser.events)
            if each.get("sessionId") == self._session and each["method"] == method
        ]

    def close(self) -> None:
        """Close the tab as its visitor would."""
        self._browser.call("Target.closeTarget", targetId=self._target)

    def show(self) -> None:
        """Bring the tab to the front, which hides the one that was there."""
        self._browser.call("Target.activateTarget", targetId=self._target)

    def _run_quietly(self, script: str) -> None:
        with suppress(Exception):
            self.run(script)


@contextmanager
def chromium(
    folder: Path, hosts: Mapping[str, int], options: Sequence[str] = ()
) -> Iterator[Browser]:
    """Start Chromium with a profile of its own.

    Args:
        folder: Where its profile goes.
        hosts: Ports of this machine by the host names that lead there. Pages of those
            that begin with `https-` are taken for secure, though they come without TLS.
        options: More of its options.
    """
    program = shutil.which("chromium")
    assert program, "install Chromium: apt-get install chromium"
    rules = ",".join(f"MAP {host} 127.0.0.1:{port}" for host, port in hosts.items())
    secure = ",".join(f"http://{host}" for host in hosts if host.startswith("https-"))
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{read_commands} 4>&{write_answers}'),
                *("chromium", program, *OPTIONS, *options),
                "--remote-debugging-pipe",
                f"--user-data-dir={folder}",
                f"--host-resolver-rules={rules}",
                f"--unsafely-treat-insecure-origin-as-secure={secure}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(read_commands, write_answers),
        )
    os.close(read_commands)
    os.close(write_answers)
    with (
        os.fdopen(write_commands, "wb") as commands,
        os.fdopen(read_answers, "rb", 0) as answers,
    ):
        try:
            yield Browser(process, commands, answers)
        finally:
            process.terminate()
            process.wait(20)
