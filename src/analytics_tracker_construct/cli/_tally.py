"""What a run over the dead letters counts."""

from __future__ import annotations

from ._letters import Content, Groups, Letter


class Tally:
    """What a run has met so far."""

    def __init__(self) -> None:
        self.moved = Groups()
        """Letters that were moved, or in a dry run would be."""
        self.letters = 0
        """How many those are."""
        self.events = 0
        """How many events they hold."""
        self.others = 0
        """Letters that were not asked for."""
        self.foreign = 0
        """Messages that are not the tracker's, or a newer version's."""
        self.newer = 0
        """Letters that came after the run had begun."""
        self.failed = 0
        """Letters that the queue did not take."""
        self.why_failed = ""
        self.twice = 0
        """Letters that the queue has and the dead letters still have too."""
        self.complete = True
        """Whether every letter was looked at, as far as SQS tells."""
        self.crowded = False
        """Whether so many letters stay that those behind them were not met."""

    def add(self, letter: Letter, content: Content) -> None:
        """Count a letter as moved."""
        self.moved.add(letter, content)
        self.letters += 1
        self.events += content.events
