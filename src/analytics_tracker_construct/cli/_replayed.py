"""What `analytics-tracker replay` says of its letters: progress and summary."""

from __future__ import annotations

from typing import Any

from . import _letters
from ._deployed import Queue
from ._letters import instant
from ._tally import Tally
from ._text import visible


def progress(tally: Tally, *, dry_run: bool) -> str:
    """Return how far a run has come, in a few words."""
    stay = tally.others + tally.foreign + tally.newer + tally.failed
    verb = "would move" if dry_run else "moved"
    return f"{verb} {_count(tally.letters)}, left {stay:,}"


def summary(
    tally: Tally, queue: Queue, dead: Queue, *, dry_run: bool
) -> dict[str, Any]:
    """Return what was done, for JSON."""
    groups = tally.moved.all()
    oldest = _letters.oldest(groups)
    return {
        "queue": queue.url,
        "deadLetterQueue": dead.url,
        "dryRun": dry_run,
        "letters": tally.letters,
        "events": tally.events,
        "oldest": None if oldest is None else instant(oldest),
        "lostAt": None if oldest is None else instant(oldest + dead.retention),
        "groups": [
            {
                "tenant": group.tenant,
                "bucket": group.bucket,
                "letters": group.letters,
                "events": group.events,
                "oldest": instant(group.oldest),
            }
            for group in groups
        ],
        "left": {
            "notAskedFor": tally.others,
            "notTheTrackers": tally.foreign,
            "sentSince": tally.newer,
            "notTaken": tally.failed,
        },
        "whyNotTaken": tally.why_failed or None,
        "inBoth": tally.twice,
        "sawAll": tally.complete,
        "tooManyStay": tally.crowded,
    }


def text(done: dict[str, Any]) -> str:
    """Return a summary as lines to read."""
    verb = "would move" if done["dryRun"] else "moved"
    lines = [f"{verb} {_count(done['letters'])} with {_count(done['events'], 'event')}"]
    for group in done["groups"]:
        tenant = f"tenant {group['tenant']}, " if group["tenant"] else ""
        lines.append(
            f"  {tenant}bucket {group['bucket']}: {_count(group['letters'])}, "
            f"{_count(group['events'], 'event')}, oldest of {group['oldest']}"
        )
    if done["dryRun"] and done["lostAt"]:
        lines.append(f"the oldest is lost at {done['lostAt']}")
    why = done["whyNotTaken"] or "it kept other bytes than were sent"
    ends = {
        "notAskedFor": "not asked for",
        "notTheTrackers": "that this version of the tracker did not write",
        "sentSince": "that came after the start: the cause is not mended",
        "notTaken": f"that the queue did not take: {why}",
    }
    lines += [
        f"left {_count(done['left'][name])} {end}"
        for name, end in ends.items()
        if done["left"][name]
    ]
    if done["inBoth"]:
        lines.append(
            f"{_count(done['inBoth'])} could not be deleted and are in both queues; "
            "the tracker's view counts their events once"
        )
    if done["tooManyStay"]:
        lines.append(
            "so many letters stay that SQS may not have shown all others: "
            "move theirs first, or run it again"
        )
    elif not done["sawAll"]:
        lines.append("there may be more: run it again")
    return "\n".join(map(visible, lines))


def _count(number: int, noun: str = "letter") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
