"""Whatever breaks, an event that was acknowledged is there, and counts once."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from handler import lake

from . import troubles
from .clients import NO_FAULTS, PLENTY, Clients, Faults, Form, Sent
from .world import World

#: Examples of a run; a long one finds rarer things.
EXAMPLES = int(os.environ.get("FAULTS_EXAMPLES", "100"))
#: Days that may pass, so that every event stays within those that keep its day.
DAYS = 3

DESTINATIONS = (
    {"tenant": "shop"},
    {"tenant": "blog"},
    {"bucket": "website-analytics"},
    {"bucket": "data-lake"},
    {"bucket": "other-lake"},
)
AGES = (
    timedelta(0),
    timedelta(minutes=-40),
    timedelta(hours=14),
    timedelta(days=1),
    timedelta(days=3),
)
PAGES = ("/", "/ü/\u2028\U0001f600", "/\x0b\x1f\x7f\ufffe", '/"\\\n</x>')
BROKEN: tuple[Any, ...] = (
    {"eventType": None},
    {"timestamp": "yesterday"},
    {"eventId": "a/b"},
    {"bucket": "evil-bucket", "tenant": None},
    {"viewport": {"width": -1}},
    {"tenant": "nobody", "bucket": None},
    "no object",
)


def _troubles(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    one = st.sampled_from((troubles.OBEY, *names))
    return st.one_of(
        st.just([]),
        st.lists(one, min_size=1, max_size=5),
        # As long as it takes until the function gives up.
        st.builds(lambda name, times: [name] * times, one, st.integers(3, 14)),
    )


FORMS = st.builds(
    Form,
    destination=st.sampled_from(DESTINATIONS),
    age=st.sampled_from(AGES),
    page=st.sampled_from(PAGES),
    named=st.sampled_from((True, True, False)),
    broken=st.one_of(st.none(), st.none(), st.none(), st.sampled_from(BROKEN)),
)
# What a bucket refuses depends on who named it, so it comes more often.
S3_TROUBLES = _troubles((*troubles.S3_BEFORE, *troubles.S3_AFTER, "403", "404"))
SQS_TROUBLES = _troubles((*troubles.SQS_BEFORE, *troubles.SQS_AFTER))
FAULTS = st.builds(
    Faults,
    s3=S3_TROUBLES,
    sqs=SQS_TROUBLES,
    milliseconds=st.sampled_from((PLENTY, PLENTY, 3000, 1500)),
    salts=st.sampled_from((False, False, True)),
)
INSTANCES = st.integers(0, 1)


class TrackerMachine(Clients, RuleBasedStateMachine):
    """Clients, the function, the queue and the writer, and all that may go wrong."""

    requests: Bundle[Sent] = Bundle("requests")

    @initialize(buffered=st.booleans())
    def start(self, buffered: bool) -> None:
        self.open(World(buffered=buffered))
        self.days = 0
        self.is_heavy = False

    @rule(target=requests, form=FORMS, faults=FAULTS, instance=INSTANCES)
    def single(self, form: Form, faults: Faults, instance: int) -> Sent:
        """An event comes alone."""
        return self.send(Sent((self.event(form),), False), faults, instance)

    @rule(
        target=requests,
        forms=st.lists(FORMS, min_size=1, max_size=6),
        faults=FAULTS,
        instance=INSTANCES,
    )
    def batch(self, forms: list[Form], faults: Faults, instance: int) -> Sent:
        """Events come together, for some buckets and days, some of them broken."""
        events = tuple(self.event(form) for form in forms)
        return self.send(Sent(events, True), faults, instance)

    # It takes its time, so it comes once.
    @precondition(lambda self: not self.is_heavy)
    @rule(target=requests, form=FORMS, faults=FAULTS, instance=INSTANCES)
    def heavy(self, form: Form, faults: Faults, instance: int) -> Sent:
        """Events come together that are too many for one message."""
        self.is_heavy = True
        chance = random.Random(len(self.ledger.events))
        events = tuple(
            self.event(form, bulk=chance.randbytes(22_000).hex()) for _ in range(12)
        )
        return self.send(Sent(events, True), faults, instance)

    @rule(form=FORMS, faults=FAULTS, instance=INSTANCES)
    def pixel(self, form: Form, faults: Faults, instance: int) -> None:
        """An event comes as parameters."""
        self.send_pixel(self.event(form), faults, instance)

    @rule(target=requests, sent=requests, faults=FAULTS, instance=INSTANCES)
    def again(self, sent: Sent, faults: Faults, instance: int) -> Sent:
        """A request comes again as it was."""
        return self.send(sent, faults, instance)

    @rule(target=requests, sent=requests, faults=FAULTS, data=st.data())
    def shuffled(self, sent: Sent, faults: Faults, data: st.DataObject) -> Sent:
        """Its events come again in another order, the same one twice perhaps."""
        events = data.draw(st.permutations(sent.events))
        if data.draw(st.booleans()):
            events = [*events, *[e for e in events if e.id][:1]]
        return self.send(Sent(tuple(events), True), faults, 0)

    @rule(
        target=requests,
        first=requests,
        second=requests,
        forms=st.lists(FORMS, max_size=2),
        faults=FAULTS,
        data=st.data(),
    )
    def mixed(
        self,
        first: Sent,
        second: Sent,
        forms: list[Form],
        faults: Faults,
        data: st.DataObject,
    ) -> Sent:
        """Some events of earlier requests come again, with new ones."""
        pool = list(dict.fromkeys((*first.events, *second.events)))
        some = data.draw(st.lists(st.sampled_from(pool), unique=True, min_size=1))
        events = (*some, *map(self.event, forms))
        return self.send(Sent(events, True), faults, 1)

    @rule(sent=requests, faults=FAULTS, instance=INSTANCES)
    def apart(self, sent: Sent, faults: Faults, instance: int) -> None:
        """The events of a request come again, each alone."""
        for event in sent.events:
            self.send(Sent((event,), False), faults, instance)

    @rule(form=FORMS, faults=FAULTS)
    def namesake(self, form: Form, faults: Faults) -> None:
        """An event has the id that an object of others has, and meets them."""
        form = form._replace(named=True, broken=None)
        others = self.event(form), self.event(form)
        self.send(Sent(others, True), faults, 0)
        name = lake.object_id([str(event.id) for event in others])
        self.send(Sent((self.event(form, name),), False), NO_FAULTS, 0)
        self.run_writer(self.world.queue, [], "well", 60_000)

    @rule(form=FORMS)
    def collision(self, form: Form) -> None:
        """Two events of a second draw the same id."""
        # In trouble they could not be told apart.
        self.world.draws.extend([1, 1, 2])
        for instance, pause in enumerate((1, 0)):
            event = self.event(form._replace(named=False))
            self.send(Sent((event,), False), NO_FAULTS, instance, pause)
        self.world.draws.clear()

    @rule(hours=st.integers(1, 16))
    def wait(self, hours: int) -> None:
        """Hours pass, or the night."""
        now = self.now()
        self.world.clock.advance(hours * 3600)
        if self.now().date() > now.date():
            self.days += 1
            if self.days > DAYS:
                self.world.clock.advance(-hours * 3600)

    @rule()
    def restart(self) -> None:
        """Lambda starts new instances of all."""
        self.world.restart()

    @rule(
        troubles_=S3_TROUBLES,
        end=st.sampled_from(("well", "well", "twice", "killed")),
        milliseconds=st.sampled_from((60_000, 60_000, 4000)),
        data=st.data(),
    )
    def write(
        self,
        troubles_: list[str],
        end: str,
        milliseconds: int,
        data: st.DataObject,
    ) -> None:
        """The writer gets some of the messages, in any order.

        They come again where it did not return, and now and then where it did.
        """
        messages = self.world.queue
        if not messages:
            return
        some = data.draw(st.lists(st.sampled_from(messages), unique=True, min_size=1))
        self.run_writer(some, troubles_, end, milliseconds)

    @rule()
    def replay(self) -> None:
        """An operator moves the dead letters back."""
        world = self.world
        world.queue += [m._replace(receives=0) for m in world.dead]
        world.dead.clear()

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        found = {(place.tag, place.id) for place in self.everything()}
        for event in self.ledger.events:
            lost = {id_ for id_ in event.ids if (event.tag, id_) not in found}
            # Of two that share an id the first is kept.
            assert not lost, f"event {event.tag} is nowhere"

    @invariant()
    def the_function_never_fails_by_itself(self) -> None:
        assert not [line for line in self.world.log if '"level":"ERROR"' in line]

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            if self.sound:
                self.settle()
                self.count()
        finally:
            self.world.close()

    def settle(self) -> None:
        """End all troubles: clients try again, the writer writes what waits."""
        self.world.clock.advance(60)
        for event in self.ledger.events:
            if event.valid and not event.accepted:
                self.send(Sent((event,), False), NO_FAULTS, 0)
                assert event.accepted
        self.replay()
        while self.world.queue:
            self.run_writer(self.world.queue[:7], [], "well", 60_000)
        assert not self.world.dead

    def count(self) -> None:
        """Every event is in one row, and in one line where nothing doubled it."""
        stored = list(self.ledger.stored())
        rows = self.rows()
        doubled = {row: times for row, times in Counter(rows).items() if times > 1}
        assert not doubled
        expected = {
            (place.bucket, place.id)
            for event in self.ledger.events
            for id_ in event.ids
            for place in stored
            if place.tag == event.tag and place.id == id_
        }
        assert expected <= set(rows)
        assert set(rows) == {(place.bucket, place.id) for place in stored}
        ids: dict[int, set[str]] = {}
        for place in stored:
            ids.setdefault(place.tag, set()).add(place.id)
        lines = Counter(place.tag for place in stored)
        for event in self.ledger.events:
            assert lines[event.tag] >= event.valid
            assert event.valid or not lines[event.tag]
            # An id is drawn for each time that it is sent without one, and no more.
            assert len(ids.get(event.tag, ())) <= event.times
            if event.is_in_one_line:
                assert lines[event.tag] == 1, f"event {event.tag}"


TestTracker = TrackerMachine.TestCase
TestTracker.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
