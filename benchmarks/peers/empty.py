"""The least that a function can do."""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.


def handler(_event, _context):
    return {"statusCode": 200, "body": "{}"}
