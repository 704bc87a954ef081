"""A handler with Powertools' resolver, pydantic's models, user-agents and boto3."""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.
# ruff: noqa: N815 - names of an event's members

from datetime import datetime, timezone
from functools import lru_cache
from typing import Annotated, Any

import boto3
import common
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError
from pydantic import BaseModel, ConfigDict, Field
from user_agents import parse

logger = Logger(service="analytics", level="WARNING")
app = APIGatewayRestResolver(cors=CORSConfig(allow_origin="*"), enable_validation=True)
s3 = boto3.client("s3")

Name = Annotated[str, Field(min_length=1, max_length=128)]


class Viewport(BaseModel):
    """A viewport as sent and stored."""

    width: int | None = None
    height: int | None = None


class Event(BaseModel):
    """An event as sent."""

    bucket: str
    eventType: Name
    timestamp: datetime
    eventId: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")] | None = None
    page: str | None = None
    userAgent: str | None = None
    viewport: Viewport | None = None
    sessionId: Name | None = None
    referrer: str | None = None
    metadata: dict[str, Any] | None = None


class Batch(BaseModel):
    """Several events as sent."""

    model_config = ConfigDict(extra="forbid")
    events: Annotated[list[Event], Field(max_length=500)]


class Location(BaseModel):
    """Where an event came from."""

    country: str | None = None
    city: str | None = None
    region: str | None = None


class Device(BaseModel):
    """What sent an event."""

    device_type: str | None
    browser: str | None
    os: str | None
    is_bot: bool


class Record(BaseModel):
    """An event as stored."""

    eventId: str
    eventType: str
    timestamp: datetime
    serverTimestamp: datetime
    page: str | None
    sessionId: str | None
    ip: str | None
    location: Location
    device: Device
    viewport: Viewport | None
    referrer: str | None
    userAgent: str | None
    metadata: dict[str, Any] | None


class Stored(BaseModel):
    """The answer."""

    status: str
    eventIds: list[str]


@lru_cache(maxsize=512)
def device(user_agent: str) -> Device:
    """Return what sent an event."""
    found = parse(user_agent)
    form = "tablet" if found.is_tablet else "mobile" if found.is_mobile else "desktop"
    return Device(
        device_type=form,
        browser=found.browser.family,
        os=found.os.family,
        is_bot=found.is_bot,
    )


def store(event: Event, sender: common.Sender, now: datetime) -> str:
    """Write one event; return its id."""
    if event.bucket not in common.ALLOWED:
        raise ForbiddenError("bucket not authorised")
    user_agent = event.userAgent or sender.user_agent
    private = sender.private
    record = Record(
        eventId=event.eventId or common.new_id(now),
        eventType=event.eventType,
        timestamp=event.timestamp,
        serverTimestamp=now,
        page=event.page,
        sessionId=None if private else event.sessionId,
        ip=None if private else common.address_hash(sender.address),
        location=Location(),
        device=device(user_agent),
        viewport=event.viewport,
        referrer=event.referrer,
        userAgent=None if private else user_agent,
        metadata=event.metadata,
    )
    folder = common.folder_of(event.timestamp.astimezone(timezone.utc))
    try:
        s3.put_object(
            Bucket=event.bucket,
            Key=f"{folder}{record.eventId}.json",
            Body=record.model_dump_json().encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
    return record.eventId


@app.post("/track")
def track(body: Batch | Event) -> Stored:
    """Store what a request carries."""
    now = datetime.now(timezone.utc)
    sender = common.Sender(app.current_event.raw_event)
    events = body.events if isinstance(body, Batch) else [body]
    return Stored(status="ok", eventIds=[store(one, sender, now) for one in events])


@logger.inject_lambda_context
def handler(event, context):
    return app.resolve(event, context)
