"""The seam between the handler and wherever objects are kept.

The handler knows only :class:`ObjectStore`. In Lambda it is
:class:`~handler.s3.S3Store`; on a laptop it is a folder.
"""

from __future__ import annotations

from enum import Enum

from .typed import NamedTuple, Protocol


class Outcome(Enum):
    """What a conditional write found."""

    STORED = "stored"
    """The object was written."""

    EXISTED = "existed"
    """An object with this key is there already; nothing was written."""


class Fault(Enum):
    """Why the store did not do what it was asked."""

    REFUSED = "refused"
    """We may not do this (403)."""

    MISSING = "missing"
    """There is no such bucket or key (404)."""

    UNAVAILABLE = "unavailable"
    """The store did not answer, not in time, or not with sense (5xx, throttling)."""

    @property
    def label(self) -> str:
        """The fault's name in logs and metric dimensions."""
        return self.value


class StorageError(Exception):
    """A store's refusal or failure.

    Args:
        fault: The kind of failure, which decides what happens to the event.
        detail: What is safe to log: an HTTP status and the store's error code or
            the kind of network fault; never a body, an address, a user agent or a
            credential.
        uncertain: Whether what was asked may have been done nevertheless.
            Default: true where the store was unavailable.
    """

    def __init__(
        self, fault: Fault, detail: str, *, uncertain: bool | None = None
    ) -> None:
        super().__init__(f"{fault.label}: {detail}")
        self.fault = fault
        self.detail = detail
        self.uncertain = fault is Fault.UNAVAILABLE if uncertain is None else uncertain


class Put(NamedTuple):
    """What became of a write."""

    outcome: Outcome

    uncertain: bool = False
    """Whether an earlier attempt's fate is unknown.

    Its request was sent and no answer came, so :attr:`Outcome.EXISTED` may be this
    very write.
    """


class ObjectStore(Protocol):
    """Somewhere to keep objects, by bucket and key."""

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        deadline: float,
        content_type: str,
        content_encoding: str | None = None,
        owner: str | None = None,
        acl: str | None = None,
    ) -> Put:
        """Write an object unless its key is taken.

        Args:
            bucket: The bucket's name.
            key: The object's key, not encoded.
            body: The object's bytes.
            deadline: The instant of ``time.monotonic()`` at which this call has
                returned or raised.
            content_type: The object's media type.
            content_encoding: How the body is compressed.
                Default: it is not.
            owner: The account that must own the bucket.
                Default: any account.
            acl: The canned ACL to give the object.
                Default: the bucket's own rule.

        Returns:
            Whether the object was written or was there already.

        Raises:
            StorageError: If the object may not be in the store.
        """

    def get(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> bytes:
        """Read an object.

        Args:
            bucket: The bucket's name.
            key: The object's key, not encoded.
            deadline: As in :meth:`put`.
            owner: As in :meth:`put`.

        Returns:
            The object's bytes.

        Raises:
            StorageError: If it cannot be read; :attr:`Fault.MISSING` if it is not
                there.
        """

    def delete(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> None:
        """Remove an object; one that is not there is no error.

        Args:
            bucket: The bucket's name.
            key: The object's key, not encoded.
            deadline: As in :meth:`put`.
            owner: As in :meth:`put`.

        Raises:
            StorageError: If it may still be there.
        """
