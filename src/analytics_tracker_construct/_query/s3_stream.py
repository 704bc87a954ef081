"""An object in S3 as a stream that outlives a broken connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_CHUNK = 1024 * 1024
#: How often in a row a stream may break without a byte.
_TRIES = 5


def chunks(s3: Any, bucket: str, key: str) -> Iterator[bytes]:
    """Read an object from its beginning to its end.

    Where the connection breaks, the rest is asked for, of the same object.

    Args:
        s3: A client of boto3's.
        bucket: The object's bucket.
        key: The object's key.

    Raises:
        botocore.exceptions.BotoCoreError: If it breaks again and again.
        botocore.exceptions.ClientError: If S3 refuses, or the object has changed.
    """
    from botocore import exceptions as errors  # noqa: PLC0415  an extra

    same: dict[str, str] = {}
    done, tries = 0, 0
    while True:
        answer = s3.get_object(Bucket=bucket, Key=key, **same)
        body, end = answer["Body"], done + answer["ContentLength"]
        try:
            for chunk in body.iter_chunks(_CHUNK):
                done, tries = done + len(chunk), 0
                yield chunk
        except (
            errors.HTTPClientError,
            errors.IncompleteReadError,
            errors.ResponseStreamingError,
        ):
            if done == end:
                return
            tries += 1
            if tries == _TRIES:
                raise
            same = {"IfMatch": answer["ETag"], "Range": f"bytes={done}-"}
        else:
            return
        finally:
            body.close()
