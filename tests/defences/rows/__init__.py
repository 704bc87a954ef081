"""The rows of SECURITY.md's table, a module for each kind of threat."""

from __future__ import annotations

from ..threats import Threat
from . import bodies, delivery, door, keys, pages, privacy, protection, reach, tenants

THREATS: tuple[Threat, ...] = (
    *reach.THREATS,
    *tenants.THREATS,
    *bodies.THREATS,
    *privacy.THREATS,
    *delivery.THREATS,
    *door.THREATS,
    *keys.THREATS,
    *protection.THREATS,
    *pages.THREATS,
)
