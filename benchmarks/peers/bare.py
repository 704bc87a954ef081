"""The least that Python does to store an event: nothing checked, all in one function.

It is no tracker. Whatever is unusual raises, and a connection that ended is not made
anew. It shows what is left to gain: the same signature, hash and object over the same
connection, and no more.
"""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.

import hashlib
import hmac
import json
import os
import socket
import ssl
import time
from base64 import b64decode, b64encode
from contextlib import suppress

import common

ENDPOINT = os.environ["AWS_ENDPOINT_URL_S3"].partition("://")[2]
REGION, KEY = os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"]
TOKEN = os.environ["AWS_SESSION_TOKEN"]
NAMES = (
    "content-type;host;if-none-match;x-amz-checksum-sha256;x-amz-content-sha256;"
    "x-amz-date;x-amz-security-token"
)
CORS = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}


def connect():
    """Return what sends a request and returns its answer."""
    host, _, port = ENDPOINT.partition(":")
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)

    def patiently(step, *arguments):
        while True:
            with suppress(ssl.SSLWantReadError):
                return step(*arguments)
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(16384))

    patiently(tls.do_handshake)

    def exchange(request):
        tls.write(request)
        sock.send(outgoing.read())
        incoming.write(sock.recv(16384))
        return patiently(tls.read, 16384)

    return exchange


def key_of(day):
    """Return the key that a day's requests are signed with."""
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


exchange, quoted = connect(), json.encoder.encode_basestring
signing_day, signing_key = "", b""


def handler(event, _context):
    global signing_day, signing_key
    now = time.time()
    headers = {name.lower(): value for name, value in event["headers"].items()}
    sent = json.loads(b64decode(event["body"]))
    get, agent = sent.get, headers["user-agent"]
    event_id = get("eventId") or f"{int(now)}-{os.urandom(4).hex()}"
    page, session, referrer = get("page"), get("sessionId"), get("referrer")
    rest, ip = get("metadata"), None
    if headers.get("sec-gpc") == "1":
        session = agent = None
    else:
        address = event["requestContext"]["identity"]["sourceIp"]
        ip = hmac.digest(common.SALT, address.encode(), "sha256").hex()[:16]
    body = (
        f'{{"eventId":"{event_id}","eventType":{quoted(sent["eventType"])},'
        f'"timestamp":"{sent["timestamp"]}","clientTimestamp":null,'
        f'"serverTimestamp":"{now}","page":{quoted(page) if page else "null"},'
        f'"sessionId":{quoted(session) if session else "null"},'
        f'"ip":{quoted(ip) if ip else "null"},"location":null,'
        f'"device":{json.dumps(common.device(headers["user-agent"]))},'
        f'"viewport":{json.dumps(get("viewport"))},'
        f'"referrer":{quoted(referrer) if referrer else "null"},'
        f'"userAgent":{quoted(agent) if agent else "null"},'
        f'"metadata":{quoted(json.dumps(rest)) if rest else "null"}}}\n'
    ).encode()
    year, month, day = sent["timestamp"][:10].split("-")
    key = f"analytics/year={year}/month={month}/day={day}/{event_id}.json"
    path = f"/{sent['bucket']}/{key.replace('=', '%3D')}"
    digest = hashlib.sha256(body)
    sha256, checksum = digest.hexdigest(), b64encode(digest.digest()).decode()
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    if signing_day != date[:8]:
        signing_day, signing_key = date[:8], key_of(date[:8])
    scope = f"{signing_day}/{REGION}/s3/aws4_request"
    canonical = (
        f"PUT\n{path}\n\ncontent-type:application/json\nhost:{ENDPOINT}\n"
        f"if-none-match:*\nx-amz-checksum-sha256:{checksum}\n"
        f"x-amz-content-sha256:{sha256}\nx-amz-date:{date}\n"
        f"x-amz-security-token:{TOKEN}\n\n{NAMES}\n{sha256}"
    )
    asked = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{asked}"
    signature = hmac.digest(signing_key, to_sign.encode(), "sha256").hex()
    head = (
        f"PUT {path} HTTP/1.1\r\ncontent-type: application/json\r\nhost: {ENDPOINT}\r\n"
        f"if-none-match: *\r\nx-amz-checksum-sha256: {checksum}\r\n"
        f"x-amz-content-sha256: {sha256}\r\nx-amz-date: {date}\r\n"
        f"x-amz-security-token: {TOKEN}\r\nauthorization: AWS4-HMAC-SHA256 "
        f"Credential={KEY}/{scope}, SignedHeaders={NAMES}, Signature={signature}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    answer = exchange(head.encode() + body)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(answer)
    taken = f'{{"status":"ok","eventId":"{event_id}","key":"{key}"}}'
    return {"statusCode": 200, "headers": CORS, "body": taken}
