"""Clients, SQS and Lambda: they send, deliver, and check what they are answered."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from analytics_tracker_construct._query import duck
from handler import times

from ..handler.fakes import Context, rest
from . import troubles
from .ledger import Event, Ledger, Place
from .world import MAX_RECEIVES, ROUNDING, Queued, World

#: Milliseconds that Lambda leaves to a request that nothing happens to.
PLENTY = 9000


class Form(NamedTuple):
    """What an event is like, beside what tells it from others."""

    destination: dict[str, str]
    age: timedelta
    page: str
    named: bool
    """Whether it has an id of its own."""
    broken: Any
    """Members that make it one to refuse; or what is sent in its place."""


class Faults(NamedTuple):
    """What happens to a request."""

    s3: list[str]
    sqs: list[str]
    milliseconds: int
    """How long Lambda lets it take."""
    salts: bool = False
    """Whether it happens to what the day's salt takes, too."""


class Sent(NamedTuple):
    """A request that was sent."""

    events: tuple[Event, ...]
    batch: bool


NO_FAULTS = Faults([], [], PLENTY)


class Clients:
    """What all of a tracker's surroundings do."""

    world: World
    ledger: Ledger
    sound: bool
    """Whether nothing has been found wrong yet."""

    def open(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger(world)
        self.sound = True

    def rows(self) -> list[tuple[str, str]]:
        """Bucket and id of each row that queries see."""
        with tempfile.TemporaryDirectory() as folder:
            for (bucket, key), body in self.world.objects().items():
                path = Path(folder, bucket, key)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
            connection, _ = duck.connect(Path(folder))
            with connection:
                sql = f'SELECT tenant, "eventId" FROM {duck.ALL}'
                return [(str(b), str(i)) for b, i in connection.execute(sql).fetchall()]

    def everything(self) -> Iterator[Place]:
        """Every line, wherever it is."""
        yield from self.ledger.stored()
        yield from self.ledger.queued()

    def event(self, form: Form, name: str | None = None, *, bulk: str = "") -> Event:
        tag = len(self.ledger.events)
        at = times.stamp(self.now() - form.age)
        sent: Any = {
            **form.destination,
            "eventType": "page_view",
            "timestamp": at,
            "page": form.page,
        }
        if form.named:
            sent["eventId"] = name or f"Event-{tag:04d}"
        if isinstance(form.broken, dict):
            sent = {n: v for n, v in (sent | form.broken).items() if v is not None}
        elif form.broken is not None:
            sent = form.broken
        return self.ledger.add(sent, valid=form.broken is None, bulk=bulk)

    def send(self, sent: Sent, faults: Faults, instance: int, pause: float = 1) -> Sent:
        bodies = [event.sent for event in sent.events]
        body = {"events": bodies} if sent.batch else bodies[0]
        reply = self.ask(rest(body), sent.events, faults, instance, pause)
        status, answer = reply["statusCode"], json.loads(reply["body"])
        valid = [event for event in sent.events if event.valid]
        assert status != 500
        if not sent.batch:
            accepted = [(sent.events[0], answer["eventId"])] if status < 300 else []
            refused = [] if status < 300 else [(sent.events[0], status)]
        else:
            out = {each["index"]: each["status"] for each in answer["rejected"]}
            taken = [e for i, e in enumerate(sent.events) if i not in out]
            accepted = list(zip(taken, answer["eventIds"], strict=True))
            refused = [(sent.events[i], code) for i, code in out.items()]
        met = set(self.world.wire.met)
        if not sent.batch and met and met <= {"s3 403", "s3 404"} and not faults.salts:
            # Nobody may fill the queue with what goes nowhere.
            named = not str(bodies[0].get("bucket", "")).endswith("-lake")
            assert status == (202 if named else 403)
        if any(code >= 500 for _, code in refused):
            assert reply["headers"]["Retry-After"]
        for event, code in refused:
            self.refuse(event, code)
        if not valid:
            assert 400 <= status < 500
        self.accept(accepted, stored=status == 200)
        self.sound = True
        return sent

    def send_pixel(self, event: Event, faults: Faults, instance: int) -> None:
        if not isinstance(event.sent, dict):
            return
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in event.sent.items()
        }
        request = {
            "version": "2.0",
            "rawPath": "/pixel.gif",
            "rawQueryString": urlencode(query),
            "headers": rest()["headers"],
            "requestContext": {"http": {"method": "GET", "sourceIp": "203.0.113.77"}},
        }
        reply = self.ask(request, (event,), faults, instance)
        assert reply["statusCode"] == 200
        rejected = reply["headers"].get("X-Tracker-Rejected")
        if rejected:
            assert "Internal" not in rejected
            self.refuse(event, 503 if rejected.startswith("Service") else 403)
        else:
            # The image does not tell the id.
            found = [p.id for p in self.everything() if p.tag == event.tag]
            assert found
            self.accept([(event, id_) for id_ in found], stored=False)
        self.sound = True

    def ask(
        self,
        request: dict[str, Any],
        events: tuple[Event, ...],
        faults: Faults,
        instance: int,
        pause: float = 1,
    ) -> dict[str, Any]:
        """Send a request, with what happens to it, and return the answer."""
        world = self.world
        self.sound = False
        world.clock.advance(pause)
        again = [event for event in events if event.accepted]
        self.ledger.note(request)
        world.wire.spares_salts = not faults.salts
        world.script(
            [troubles.s3_step(name, world.wire) for name in faults.s3],
            [troubles.sqs_step(name, world.wire) for name in faults.sqs],
        )
        began = world.clock.monotonic()
        reply = world.ask(request, faults.milliseconds, instance)
        took = world.clock.monotonic() - began
        assert took <= faults.milliseconds / 1000 - 0.5 + 100 * ROUNDING
        json.dumps(reply)
        # Whoever is asked for what they have done, and not told, may do it twice.
        if any(map(troubles.is_harmful, world.wire.met)):
            again = list(events)
        for event in again:
            event.stored_once = False
        for event in events:
            event.times += 1
            event.alone &= len(events) == 1
        world.arrive()
        self.ledger.note_salts()
        for place in self.ledger.queued():
            self.ledger.events[place.tag].waited = True
        return reply

    def accept(self, accepted: list[tuple[Event, str]], *, stored: bool) -> None:
        """Check that what was acknowledged is there, and remember it."""
        places = self.ledger.stored() if stored else self.everything()
        found = {(place.tag, place.id) for place in places}
        for event, id_ in accepted:
            assert event.valid
            assert event.id is None or event.id == id_
            assert (event.tag, id_) in found, f"event {event.tag} is not there"
            event.ids.add(id_)

    def refuse(self, event: Event, status: int) -> None:
        """Check that a refusal has its reason."""
        if not event.valid:
            assert 400 <= status < 500
        elif status == 503:
            assert self.world.wire.met
        else:
            assert status == 403
            assert str(event.sent.get("bucket", "")).endswith("-lake")
            assert {"s3 403", "s3 404", "s3 skew"} & set(self.world.wire.met)

    def run_writer(
        self, some: list[Queued], names: list[str], end: str, milliseconds: int
    ) -> None:
        world, some = self.world, list(some)
        world.clock.advance(1)
        world.script([troubles.s3_step(name, world.wire) for name in names])
        received = {m.id: m._replace(receives=m.receives + 1) for m in some}
        records = [{"messageId": m.id, "body": m.body} for m in some]
        began = world.clock.monotonic()
        answer = world.writer({"Records": records}, Context(milliseconds))
        took = world.clock.monotonic() - began
        assert took <= milliseconds / 1000 - 1.0 + 100 * ROUNDING
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        assert failed <= received.keys()
        assert not failed or world.wire.met
        harmful = any(map(troubles.is_harmful, world.wire.met))
        if harmful or end != "well":
            messages = {message.id for message in some}
            for place in self.ledger.queued():
                if place.within in messages:
                    self.ledger.events[place.tag].stored_once = False
        if end == "well":
            received = {id_: m for id_, m in received.items() if id_ in failed}
        world.queue = [m for m in world.queue if m not in some]
        for message in received.values():
            late = message.receives >= MAX_RECEIVES
            (world.dead if late else world.queue).append(message)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.clock.now(), timezone.utc)
