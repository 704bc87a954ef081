"""How events reach S3: at once, or through the queue."""

from __future__ import annotations

from enum import Enum


class Delivery(Enum):
    """When an event that was answered is in S3.

    Attributes:
        DIRECT: The function writes to S3 and then answers. What S3 does not take goes
            to the queue, and the writer stores it later.
        BUFFERED: The function puts events on the queue and then answers. The writer
            makes one object of many requests: far fewer PUTs and far larger files, some
            time later.
    """

    DIRECT = "direct"
    BUFFERED = "buffered"
