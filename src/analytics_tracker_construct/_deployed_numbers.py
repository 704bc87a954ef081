"""The numbers of what is deployed, each once, for the construct and the command line.

It imports nothing, as the command line must not wait for the CDK.
"""

from __future__ import annotations

#: Requests a second that an API of the tracker's own takes.
RATE_LIMIT = 100
#: Requests that it takes at once before the rate counts.
BURST_LIMIT = 200

#: MiB of the function's memory; Lambda gives processor time in proportion.
MEMORY_MIB = 512
#: Seconds that the function may run.
TIMEOUT_SECONDS = 10
#: The same of the writer.
WRITER_MEMORY_MIB = 512
WRITER_TIMEOUT_SECONDS = 60

#: What Lambda allows for a standard queue: messages of a batch, their bytes, and the
#: seconds that it gathers them for. More than 10 messages need a window of at least a
#: second.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MOST_MESSAGES = 10_000
BATCH_BYTES = 6 * 1024 * 1024
MOST_WINDOW_SECONDS = 300
#: The window that a tracker has if it is told none.
WINDOW_SECONDS = 60

#: The longest that SQS keeps a message. A dead letter's time counts from its arrival
#: on the first queue.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
RETENTION_DAYS = 14


def hidden_seconds(timeout: int, window: int) -> int:
    """Return how long a message that was received stays hidden from other writers.

    Six times the writer's time and the window on top, as Lambda's guide advises: a
    throttled batch is tried again before others see its messages.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

    Args:
        timeout: Seconds that the writer may run.
        window: Seconds that Lambda gathers a batch for.
    """
    return 6 * timeout + window
