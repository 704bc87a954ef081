"""Threats to reach what is not the tracker's: buckets, keys, hosts, the function."""

from __future__ import annotations

from ..threats import Removal, Threat

_PERMISSIONS = "src/analytics_tracker_construct/_permissions.py"
_ISOLATION = "tests/infra/test_isolation.py"
_REFUSED = f"{_ISOLATION}::test_a_role_may_do_nothing_that_reaches_further"
_CALLERS = f"{_ISOLATION}::test_only_the_trackers_own_routes_call_the_function"
_OVER_TLS = "test_nobody_reaches_a_bucket_or_a_queue_but_over_tls"
_ACCESS = "tests/handler/test_access.py"
_S3 = "tests/handler/test_s3.py"

THREATS = (
    Threat(
        "A request names a bucket of a stranger's, whose name fits a pattern "
        "(bucket names are global)",
        (
            Removal(
                "the account's condition on storing",
                _PERMISSIONS,
                'conditions={"StringEquals": owned},',
                "",
                (_REFUSED,),
            ),
            Removal(
                "the account's condition on handing over",
                _PERMISSIONS,
                '{**owned, "s3:x-amz-acl": OBJECT_ACL}',
                '{"s3:x-amz-acl": OBJECT_ACL}',
                (_REFUSED,),
            ),
            Removal(
                "the bucket's owner, for the store",
                "handler/lake.py",
                "owner=place.owner,",
                "owner=None,",
                (f"{_ACCESS}::test_the_owner_is_named_wherever_one_is_known",),
            ),
            Removal(
                "the bucket's owner, for S3",
                "handler/s3.py",
                '"x-amz-expected-bucket-owner",',
                '"x-amz-expected-nobody",',
                (
                    f"{_S3}::test_sends_every_header_of_a_write",
                    f"{_S3}::test_names_the_owner_in_reads_and_deletions_too",
                ),
            ),
        ),
    ),
    Threat(
        "A request names something that is no bucket: an access point, a path, a "
        "look-alike",
        (
            Removal(
                "the rules for a name",
                "handler/buckets.py",
                "        if name_problem(bucket) is not None:\n"
                "            return False\n",
                "",
                (f"{_ACCESS}::test_refuses_a_name_that_is_no_bucket_of_ours",),
            ),
            Removal(
                "the end of a name",
                "handler/buckets.py",
                "BUCKET_NAME.fullmatch(name)",
                "BUCKET_NAME.match(name)",
                (
                    f"{_ACCESS}::test_refuses_a_name_that_is_no_bucket_of_ours",
                    f"{_ACCESS}::test_says_what_is_wrong_with_a_name",
                ),
            ),
            Removal(
                "the form of a host's first part",
                "handler/endpoints.py",
                "if not BUCKET_NAME.fullmatch(bucket):",
                "if not BUCKET_NAME.match(bucket):",
                (
                    "tests/handler/test_endpoints.py::"
                    "test_nothing_but_a_buckets_name_becomes_part_of_a_host",
                ),
            ),
            Removal(
                "the rules for a pattern at synthesis",
                "src/analytics_tracker_construct/_checks.py",
                "problem = buckets.pattern_problem(pattern)",
                "problem = None",
                ("tests/infra/test_refuses.py::test_refuses",),
            ),
        ),
    ),
    Threat(
        "An event overwrites another",
        (
            Removal(
                "the condition on every write",
                "handler/s3.py",
                'headers["if-none-match"] = "*"',
                "pass",
                (f"{_S3}::test_sends_every_header_of_a_write",),
            ),
        ),
    ),
    Threat(
        "A request writes elsewhere than under `analytics/`",
        (
            Removal(
                "the form of an event's id",
                "handler/fields.py",
                "elif type(event_id) is str and EVENT_ID.fullmatch(event_id):",
                "elif type(event_id) is str:",
                (
                    "tests/handler/test_answers.py::"
                    "test_refuses_with_the_words_of_its_table",
                    "tests/fuzz/test_requests.py::test_no_request_breaks_a_promise",
                ),
            ),
            Removal(
                "the folder in the role's rights",
                _PERMISSIONS,
                '_EVENTS = f"{columns.PREFIX}*"',
                '_EVENTS = "*"',
                (_REFUSED,),
            ),
        ),
    ),
    Threat(
        "Credentials or events sent to another host by a redirect",
        (
            Removal(
                "the host of a redirect",
                "handler/endpoints.py",
                "if self.custom or not found or not start.startswith(prefix):",
                "if self.custom or not found:",
                (
                    "tests/handler/test_endpoints.py::"
                    "test_takes_only_a_region_from_a_redirect_and_only_of_s3",
                ),
            ),
            Removal(
                "the form of a region",
                "handler/endpoints.py",
                "    return _REGION.fullmatch(name) is not None",
                "    return bool(name)",
                (
                    "tests/handler/test_endpoints.py::"
                    "test_takes_only_a_region_from_a_redirect_and_only_of_s3",
                    "tests/handler/test_s3_redirects.py::"
                    "test_a_redirect_to_nowhere_is_not_followed",
                ),
            ),
        ),
    ),
    Threat(
        "Somebody listens on the way to S3 or to SQS, or stands in for them",
        (
            Removal(
                "the check of a server's certificate",
                "handler/tls.py",
                "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
                "ssl._create_unverified_context()",
                (
                    "tests/handler/test_tls.py::"
                    "test_needs_a_certificate_its_name_and_a_current_tls",
                ),
            ),
            Removal(
                "TLS for buckets",
                "src/analytics_tracker_construct/_buckets.py",
                "enforce_ssl=True,",
                "enforce_ssl=False,",
                (f"{_ISOLATION}::{_OVER_TLS}",),
            ),
        ),
    ),
    Threat(
        "Another API, or one of another account, calls the function",
        (
            Removal(
                "the routes that may call",
                "src/analytics_tracker_construct/_rest.py",
                "LambdaIntegration(function, allow_test_invoke=False)",
                "LambdaIntegration(\n"
                "        function, allow_test_invoke=False, "
                "scope_permission_to_method=False\n"
                "    )",
                (_CALLERS,),
            ),
            Removal(
                "the console's test of a route",
                "src/analytics_tracker_construct/_rest.py",
                "LambdaIntegration(function, allow_test_invoke=False)",
                "LambdaIntegration(function)",
                (_CALLERS,),
            ),
            Removal(
                "the API that was granted the right to call",
                _PERMISSIONS,
                "source_arn=source_arn,",
                'source_arn="arn:aws:execute-api:*",',
                (
                    "tests/infra/test_callers.py::"
                    "test_another_api_may_call_the_function",
                ),
            ),
        ),
    ),
)
