"""`analytics-tracker replay`: dead letters back to the queue."""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any

from .._deployed_numbers import RETENTION_DAYS
from .._handler import settings
from . import _aws, _deployed, _options, _replayed
from ._aws import Aws, AwsError
from ._errors import CommandError
from ._interrupt import interruptible
from ._letters import Content
from ._printing import print_text, tell, tells_a_terminal
from ._redrive import HIDDEN, WORKERS, Redrive
from ._tally import Tally
from ._text import visible

_DESCRIPTION = f"""\
Move dead letters back to the tracker's queue.

A dead letter is a message with events that the writer could not store; SQS keeps it
for {RETENTION_DAYS} days from the day it was first queued, then it is lost. Mend the
cause first: `analytics-tracker doctor` looks for it. A moved message is new to its
queue and gets a new {RETENTION_DAYS} days.

A letter is sent to the queue before it is deleted from the dead letters, so that an
end in between, at Ctrl-C too, loses nothing: it is then in both, and the tracker's
view counts its events once. Messages that are not the tracker's stay where they are.
While the command looks, letters are hidden from other readers; those that stay are
visible again at its end, or {HIDDEN // 60} minutes after it was killed.

AWS's own redrive (StartMessageMoveTask) is not used: it cannot choose by tenant, it
takes messages along that no tracker wrote, and it does not tell whose it moved.
"""

_EPILOG = """\
examples:
  analytics-tracker replay --stack Website --dry-run
  analytics-tracker replay --stack Website --tenant shop
  analytics-tracker replay --function website-analytics-tracker --max 1000
  analytics-tracker replay --queue https://sqs.eu-west-1.amazonaws.com/123456789012/Q

It needs sqs:GetQueueAttributes and sqs:GetQueueUrl; sqs:ReceiveMessage,
sqs:DeleteMessage and sqs:ChangeMessageVisibility on the dead letters; sqs:SendMessage
on the queue; with --function lambda:GetFunctionConfiguration, and with --stack
cloudformation:ListStackResources too. A dry run neither sends nor deletes. With an
encryption_key it needs kms:Decrypt and kms:GenerateDataKey on that key.
Exit status: 0 moved, 1 some could not be moved or AWS refused, 2 wrong arguments,
130 interrupted.
"""

#: Seconds after the start in which letters may still come to be moved. Nothing that is
#: moved can be dead again so soon, and clocks need not agree better.
_LEEWAY = 60
_REGION = re.compile(r"https://(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-[0-9])\.")
# Seconds between two lines of progress.
_TICK, _TICK_TERMINAL = 10.0, 1.0


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "replay",
        help="move dead letters back to the tracker's queue",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = _options.add_tracker(parser)
    where.add_argument(
        "--queue", type=_options.queue_url, metavar="URL", help="the tracker's queue"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--tenant",
        type=_options.tenant,
        metavar="NAME",
        help="only letters of this tenant (default: all)",
    )
    which.add_argument(
        "--bucket",
        type=_options.bucket,
        metavar="NAME",
        help="only letters for this bucket (default: all)",
    )
    parser.add_argument(
        "--max",
        type=_count,
        metavar="N",
        help="move at most so many letters (default: all)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="count what would be moved and move nothing",
    )
    _options.add_format(parser, "how the summary is printed")
    _aws.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Move what was asked for."""
    aws = Aws(region=options.region or _region(options.queue), profile=options.profile)
    begun: list[Redrive] = []

    def stop() -> None:
        for redrive in begun:
            redrive.stop()
            tell(
                f"interrupted: {_progress(redrive.tally, options)}; letters that "
                f"were looked at are visible again within {HIDDEN // 60} minutes"
            )

    return interruptible(lambda: _replay(aws, options, begun), stop)


def _replay(aws: Aws, options: argparse.Namespace, begun: list[Redrive]) -> int:
    """Move and print; put the run into `begun` as soon as there is one."""
    sqs = aws.client("sqs", connections=WORKERS)
    url = options.queue or _queue_of(aws, options)
    queue, dead = _queues(sqs, url)
    redrive = Redrive(
        sqs,
        dead.url,
        queue.url,
        wanted=lambda content: _is_wanted(content, options),
        before=_now(sqs, url) + _LEEWAY,
        most=options.max,
        dry_run=options.dry_run,
    )
    begun.append(redrive)
    verb = "counting" if options.dry_run else "moving"
    tell(f"{verb} about {dead.visible:,} dead letters of {visible(queue.url)}")
    if dead.in_flight:
        tell(
            f"{dead.in_flight:,} more are hidden by another reader, or by a run that "
            f"was interrupted up to {HIDDEN // 60} minutes ago"
        )
    ended = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(redrive.tally, options, ended), daemon=True
    )
    watcher.start()
    try:
        redrive.run()
    finally:
        ended.set()
        watcher.join()
        done = _replayed.summary(redrive.tally, queue, dead, dry_run=options.dry_run)
        _print(done, options.format)
    return 1 if redrive.tally.failed or redrive.tally.crowded else 0


def _queue_of(aws: Aws, options: argparse.Namespace) -> str:
    if options.stack:
        configuration = _deployed.function_in_stack(aws, options.stack)
    else:
        configuration = _deployed.function_named(aws, options.function)
    if _deployed.lock(configuration):
        raise _deployed.undecryptable([configuration], "name the queue with --queue")
    url = _deployed.environment(configuration).get(settings.QUEUE_URL)
    if not url:
        raise CommandError(
            f"function {configuration['FunctionName']} has no queue in "
            f"{settings.QUEUE_URL}; name the tracker's function, which the writer "
            "is not, or the queue with --queue",
            status=2,
        )
    return url


def _queues(sqs: Any, url: str) -> tuple[_deployed.Queue, _deployed.Queue]:
    """Return the queue and its dead letters.

    Raises:
        CommandError: If letters cannot be moved between them.
    """
    try:
        queue = _deployed.look(sqs, url)
        dead = _deployed.dead_letters_of(sqs, queue)
    except AwsError as error:
        if not error.missing:
            raise
        raise CommandError(
            f"there is no queue {url}, or its dead-letter queue is gone; "
            "name the tracker's with --queue",
            status=2,
        ) from None
    if dead is None:
        raise CommandError(
            f"{url} has no dead-letter queue; name the queue that the function sends "
            "to, and not the one with its dead letters",
            status=2,
        )
    if dead.dead_letters is not None:
        raise CommandError(
            f"{dead.url} passes letters on that were received too often, to "
            f"{dead.dead_letters}, and looking would do that; "
            "remove its redrive policy first"
        )
    return queue, dead


def _is_wanted(content: Content, options: argparse.Namespace) -> bool:
    if options.tenant:
        return content.tenant == str(options.tenant)
    return not options.bucket or content.bucket == str(options.bucket)


def _now(sqs: Any, url: str) -> float:
    """Return the time by the clock of SQS, which is that of letters."""
    answer = _aws.call(
        "sqs:GetQueueAttributes",
        sqs.get_queue_attributes,
        QueueUrl=url,
        AttributeNames=["QueueArn"],
    )
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()


def _watch(tally: Tally, options: argparse.Namespace, ended: threading.Event) -> None:
    """Report progress until the run has ended."""
    began = time.monotonic()
    terminal = tells_a_terminal()
    while not ended.wait(_TICK_TERMINAL if terminal else _TICK):
        rate = tally.letters / (time.monotonic() - began)
        line = f"{_progress(tally, options)}, {rate:,.0f} a second"
        # A terminal's line is written over; a file gets one after the other.
        if terminal:
            tell(f"\r{line}\x1b[K", end="")
        else:
            tell(line)
    if terminal:
        tell("\r\x1b[K", end="")


def _progress(tally: Tally, options: argparse.Namespace) -> str:
    return _replayed.progress(tally, dry_run=options.dry_run)


def _print(done: dict[str, Any], form: str) -> None:
    text = json.dumps(done, indent=2) if form == "json" else _replayed.text(done)
    print_text(text, "cannot write the summary")


def _region(url: str | None) -> str | None:
    match = _REGION.match(url or "")
    return match[1] if match else None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of letters")
    return int(text)
