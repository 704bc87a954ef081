"""What the default throttle lets through, and what that costs at list prices.

Prices are those of us-east-1 in US dollars, without the free tier:
https://aws.amazon.com/api-gateway/pricing/, https://aws.amazon.com/lambda/pricing/,
https://aws.amazon.com/s3/pricing/, https://aws.amazon.com/cloudwatch/pricing/.
"""

from __future__ import annotations

#: Requests a second that an API of the tracker's own takes.
RATE_LIMIT = 100
#: Requests that it takes at once before the rate counts.
BURST_LIMIT = 200
#: MiB of the function's memory; Lambda gives processor time in proportion.
MEMORY_MIB = 512

SECONDS_A_DAY = 86_400

REST_MILLION = 3.50
HTTP_MILLION = 1.00
INVOCATION_MILLION = 0.20
PUT_MILLION = 5.00
#: One GB-second on arm64.
GB_SECOND = 0.0000133334
#: One GB of logs taken in.
LOGS_GB = 0.50

#: Seconds that a request takes the function: one event, one PUT.
REQUEST_SECONDS = 0.035
#: Bytes that a request leaves in the logs.
REQUEST_LOG_BYTES = 600


def requests_a_day(rate: float = RATE_LIMIT) -> float:
    """Return how many requests `rate` a second are in a day."""
    return rate * SECONDS_A_DAY


def million_dollars(api: float = REST_MILLION, memory_mib: int = MEMORY_MIB) -> float:
    """Return what a million requests with one event each cost.

    Args:
        api: What the API takes for a million requests.
        memory_mib: The function's memory.
    """
    compute = memory_mib / 1024 * REQUEST_SECONDS * GB_SECOND * 1e6
    logs = REQUEST_LOG_BYTES / 1e9 * LOGS_GB * 1e6
    return api + INVOCATION_MILLION + compute + PUT_MILLION + logs


def dollars_a_day(rate: float = RATE_LIMIT, api: float = REST_MILLION) -> float:
    """Return what a day of nothing but accepted requests at `rate` costs."""
    return requests_a_day(rate) / 1e6 * million_dollars(api)
