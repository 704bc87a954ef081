"""The ingest pipeline: the steps that every event passes, in order."""

from __future__ import annotations

from collections.abc import Callable

from . import access, enrich, fields, privacy
from .draft import Step
from .settings import Settings


def steps_for(
    settings: Settings, salts: privacy.Salts, entropy: Callable[[int], bytes]
) -> tuple[Step, ...]:
    """Return the steps. Those that may refuse come before any that costs time.

    Args:
        settings: The tracker's settings.
        salts: Where the day's salt comes from.
        entropy: Returns as many random bytes as it is asked for.
    """
    return (
        fields.require_fields,
        access.allow_destination(settings),
        fields.put_fields(entropy),
        enrich.put_device_and_location(settings),
        privacy.put_address_hash(settings, salts),
    )
