"""The tracker without AWS: the deployed handler over a folder instead of S3."""
