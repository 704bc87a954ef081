"""What every engine does alike: a named query, its days, its tenant, its parameters."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from difflib import get_close_matches
from types import TracebackType

from typing_extensions import Self

from .._sql import queries
from .._sql.literals import Value
from .result import Result

#: Days that a query covers unless told otherwise, today among them.
DEFAULT_DAYS = 7

#: The parameters that are days, and how they are given.
DAYS = {"from": "'start' (--from)", "to": "'end' (--to)"}

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Day = date | str
"""A UTC day, as a date or as text, such as `2026-01-31`."""


class QueryEngine(ABC):
    """Answers queries over stored events.

    An engine may be used from several threads; each result by one at a time.
    """

    def run(
        self,
        name: str,
        *,
        tenant: str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        **parameters: str | int | date,
    ) -> Result:
        """Answer one of the queries that come with the package.

        Args:
            name: The query's; `analytics-tracker sql list` shows them.
            tenant: Whose events are asked about.
                Default: those of all tenants.
            start: The first UTC day.
                Default: six days before `end`.
            end: The last UTC day, itself included.
                Default: today.
            parameters: The query's own.

        Returns:
            The answer.

        Raises:
            ImportError: If a package is missing.
            QueryError: If the query fails.
            ValueError: If there is no such query, parameter or tenant, or a value is
                not what it must be.
        """
        query = named(name)
        if tenant is not None and query.is_over_all:
            raise ValueError(
                f"{name} compares all tenants; leave 'tenant' (--tenant) out"
            )
        values: dict[str, str | int | date] = dict(parameters)
        known = {parameter.name for parameter in query.parameters}
        if "from" in known:
            for day, argument in DAYS.items():
                if day in values:
                    raise ValueError(
                        f"{day!r} is not given as a parameter; the days are {argument}"
                    )
            first, last = window(start, end)
            values |= {"from": first, "to": last}
        elif start is not None or end is not None:
            raise ValueError(
                f"{name} has no days to choose; leave {DAYS['from']} and {DAYS['to']} "
                "out"
            )
        return self._ask(query, tenant, values)

    @abstractmethod
    def sql(
        self, text: str, parameters: Sequence[Value] | Mapping[str, Value] = ()
    ) -> Result:
        """Answer one query in the engine's own SQL.

        Args:
            text: The query.
            parameters: A value for each `?` in it, in order, or by name for each
                `$name`.

        Returns:
            The answer.

        Raises:
            ImportError: If a package is missing.
            QueryError: If the query fails.
            ValueError: If the engine cannot take it.
        """

    @abstractmethod
    def cancel(self) -> bool:
        """End the queries that run, and results whose rows are not all read.

        Any thread may call this. Who reads such a result gets a `QueryCancelled`.

        Returns:
            Whether a query ran.
        """

    @abstractmethod
    def close(self) -> None:
        """End what runs; results that were returned stay usable."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def _ask(
        self,
        query: queries.Query,
        tenant: str | None,
        values: Mapping[str, str | int | date],
    ) -> Result:
        """Answer a named query whose values are not checked yet."""


def named(name: str) -> queries.Query:
    """Return the query of a name.

    Raises:
        ValueError: If there is none; it says which there are.
    """
    known = queries.names()
    near = get_close_matches(name, known, n=1)
    if name in known or not near:
        return queries.load(name)
    raise ValueError(
        f"there is no query {name!r}; did you mean {near[0]}? "
        "`analytics-tracker sql list` shows all"
    )


def window(
    start: Day | None, end: Day | None, *, today: date | None = None
) -> tuple[date, date]:
    """Return the first and the last day that are asked about.

    Args:
        start: The first day.
            Default: so that there are `DEFAULT_DAYS`.
        end: The last day.
            Default: today.
        today: The day that it is.
            Default: today in UTC.

    Raises:
        ValueError: If one is no day, or the last is before the first.
    """
    # An empty text is not None: a variable of the shell's that is unset makes one.
    now = today or datetime.now(timezone.utc).date()
    last = now if end is None else _day("to", end)
    try:
        first = (
            last - timedelta(DEFAULT_DAYS - 1) if start is None else _day("from", start)
        )
    except OverflowError:
        raise ValueError(
            f"{DAYS['to']} is {last}, and there are no {DEFAULT_DAYS} days until then; "
            f"give {DAYS['from']} too"
        ) from None
    if first > last:
        raise ValueError(f"the first day, {first}, is after the last, {last}")
    return first, last


def _day(parameter: str, given: Day) -> date:
    argument = DAYS[parameter]
    if isinstance(given, datetime):
        raise ValueError(f"{argument} must be a UTC day, got the time {given}")
    if isinstance(given, date):
        return given
    # Newer Pythons read more forms than older ones.
    if _DAY.fullmatch(given):
        with suppress(ValueError):
            return date.fromisoformat(given)
    raise ValueError(f"{argument} must be a day such as 2026-01-31, got {given!r}")
