"""Ceph's S3 server with its IAM and STS, so that a role's policies are enforced."""

from __future__ import annotations

from typing import Any

from ..athena.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from .cloud.rights import Radosgw

#: Who may take on roles; it has no rights of its own.
ASSUMER = "assumer:assumer-secret"
_READER = "reader:reader-secret"


class S3WithRoles(S3Server):
    """The server; its one user also administers roles."""

    def start(self) -> None:
        """Start it and make its users."""
        super().start()
        caps = "--caps=roles=*;user-policy=*"
        self._run("radosgw-admin", "caps", "add", "--uid=tracker", caps)
        self._make_user(ASSUMER)
        self._make_user(_READER, "--system")

    def reader(self) -> Any:
        """Return boto3's client for one who may read everything.

        An object is its writer's here, and not its bucket's owner's, which AWS has
        done away with. This one is above that, but its writes are answered in a way
        of radosgw's own.
        """
        return self.radosgw.client("s3", _READER)

    @property
    def radosgw(self) -> Radosgw:
        """Where it is, and its keys."""
        return Radosgw(self.url, f"{ACCESS_KEY}:{SECRET_KEY}", ASSUMER)

    def _make_user(self, keys: str, *options: str) -> None:
        name, secret = keys.split(":")
        self._run(
            *("radosgw-admin", "user", "create", f"--uid={name}"),
            *(f"--display-name={name}", f"--access-key={name}"),
            *(f"--secret-key={secret}", *options),
        )

    def _serve(self, name: str, command: str, *arguments: str) -> None:
        # Settings on the command line come before those of the file.
        roles = (
            "--rgw-enable-apis=s3, iam, sts",
            "--rgw-s3-auth-use-sts=true",
            "--rgw-sts-key=abcdefghijklmnop",
        )
        more = roles if command == "radosgw" else ()
        super()._serve(name, command, *arguments, *more)
