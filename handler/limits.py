"""The limits of one request and one event; the documentation quotes them from here."""

#: Bytes of a request body, as sent and again once decompressed.
BODY_BYTES = 1024 * 1024
#: Bytes of one event: of its JSON as sent, and in a batch of over so many of its JSON
#: with the defaults, without spaces and as UTF-8.
EVENT_BYTES = 64 * 1024
#: Events of one batch.
BATCH_EVENTS = 500
#: Bytes of the members beside `events`, which stand for each event that lacks them.
DEFAULTS_BYTES = 4 * 1024
#: Objects that one request may become: pairs of a bucket and a day.
BATCH_OBJECTS = 10
#: Bytes of a message on the queue. SQS takes no fewer in any partition, and what its
#: console shows beside a message still fits.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 240 * 1024
#: Levels of nesting in an event; the event itself is the first.
DEPTH = 20
#: Characters of `eventType` and of `sessionId`; a longer value is refused.
NAME_CHARS = 128
#: Characters of `page`, `referrer` and `userAgent`; a longer value is cut.
TEXT_CHARS = 2048
#: The largest width or height of a viewport, in CSS pixels.
VIEWPORT_PIXELS = 100_000
#: Days back in which an event's own time decides the day it is stored under.
DAYS_BACK = 7
#: Seconds ahead of the server's clock in which it still does.
SECONDS_AHEAD = 3600
#: Seconds by which a client's clock may differ before its times are corrected.
CLOCK_SECONDS = 60
#: Bytes that Lambda allows for all environment variables together.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES = 4096
