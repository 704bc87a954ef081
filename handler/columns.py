"""The stored columns: names, types and meanings, in the order they are written.

Queries, tables and documentation take them from here. The set is fixed: what a
client sends beyond it is kept inside `metadata`.
"""

from __future__ import annotations

from .typed import NamedTuple


class Column(NamedTuple):
    """One member of a stored event: its name, its Hive type and what it means."""

    name: str
    type: str
    comment: str


COLUMNS: tuple[Column, ...] = (
    Column("eventId", "string", "Unique id of the event, the client's or made here"),
    Column("eventType", "string", "What happened, such as page_view"),
    Column("timestamp", "string", "When it happened: ISO 8601, UTC, milliseconds"),
    Column(
        "clientTimestamp",
        "string",
        "The time as sent where the server corrected a wrong clock, else null",
    ),
    Column("serverTimestamp", "string", "When the function received it"),
    Column("page", "string", "The page's path or URL"),
    Column("sessionId", "string", "The client's session"),
    Column("ip", "string", "Keyed hash of the address; its key is destroyed daily"),
    Column(
        "location",
        "struct<country:string,city:string,region:string>",
        "Where the request came from, as CloudFront saw it",
    ),
    Column(
        "device",
        "struct<device_type:string,browser:string,os:string,is_bot:boolean>",
        "What sent it, by user agent and client hints",
    ),
    Column("viewport", "struct<width:int,height:int>", "Size in CSS pixels"),
    Column("referrer", "string", "The page that led here"),
    Column("userAgent", "string", "The user agent as sent"),
    Column("metadata", "string", "Everything else that was sent: one JSON object"),
)

#: The folders an object lies in, and their types in a table.
PARTITIONS: tuple[Column, ...] = (
    Column("year", "string", "Year of the event's day, four digits, UTC"),
    Column("month", "string", "Month, two digits"),
    Column("day", "string", "Day of the month, two digits"),
)

#: Every object's key begins with this.
PREFIX = "analytics/"
