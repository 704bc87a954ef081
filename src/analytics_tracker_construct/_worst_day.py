"""What a tracker's limits let through at worst, in money."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_

from . import _costs
from ._api_plan import BuiltApi
from ._children import resource_of
from ._numbers import Buffering
from .tenant import Tenant


def worst_day_dollars(
    api: BuiltApi,
    function: lambda_.Function,
    buffering: Buffering,
    tenants: Iterable[Tenant],
) -> float | None:
    """Return what the worst day costs that all limits together let through.

    Args:
        api: The tracker's own, or the one that exists.
        function: What its routes lead to.
        buffering: What the writer waits for before it stores what was queued.
        tenants: Those that may have routes with limits of their own.

    Returns:
        US dollars, without logs, CloudFront, KMS and what a VPC's endpoints and NAT
        cost; None where the limits are not the tracker's, or a number is known
        at deployment only.
    """
    made = resource_of(function, lambda_.CfnFunction)
    timeout, memory = function.timeout, made.memory_size
    if api.limit is None or timeout is None or memory is None:
        return None
    of_tenants = (each.throttling_rate_limit for each in tenants)
    rates = [api.limit.rate, *(rate for rate in of_tenants if rate is not None)]
    window, batch_size = buffering
    numbers = (*rates, memory, batch_size)
    if any(each.is_unresolved() for each in (timeout, window)) or any(
        map(Token.is_unresolved, numbers)
    ):
        return None
    rest = isinstance(api.api, apigateway.RestApi)
    design = _costs.Design(
        _costs.REST_MILLION if rest else _costs.HTTP_MILLION,
        batch_size=batch_size,
        memory_mib=memory,
        window_seconds=window.to_seconds(),
    )
    seconds = timeout.to_seconds()
    return sum(
        # The first is the tracker's own, which has the browser client too.
        _costs.worst_dollars_a_day(rate, design, seconds, script=index == 0)
        for index, rate in enumerate(rates)
    )
