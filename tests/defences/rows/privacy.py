"""Threats to those who send events: to be known, found or believed to be another."""

from __future__ import annotations

from ..threats import Removal, Threat

_PRIVACY = "tests/handler/test_privacy.py"
_CANARIES = "tests/handler/test_canaries.py"
_SALTS = "src/analytics_tracker_construct/_salts.py"
_FUNCTION = "tests/infra/test_function.py"

THREATS = (
    Threat(
        "Somebody turns a stored hash back into an address",
        (
            Removal(
                "the key of the hash",
                "handler/privacy.py",
                'return salt.digest(address.encode(errors="replace")).hex()',
                'return Mac(b"").digest(address.encode(errors="replace")).hex()',
                (
                    f"{_PRIVACY}::test_an_address_is_stored_as_a_keyed_hash",
                    f"{_PRIVACY}::test_the_same_address_differs_from_day_to_day",
                ),
            ),
            Removal(
                "a salt that nobody can guess",
                "handler/privacy.py",
                "mine = self._entropy(_SALT_BYTES)",
                "mine = bytes(_SALT_BYTES)",
                (f"{_PRIVACY}::test_the_same_address_differs_from_day_to_day",),
            ),
            Removal(
                "the destruction of old salts",
                "handler/privacy.py",
                "self._sweep(bucket, day, deadline, visit)",
                "pass",
                (f"{_PRIVACY}::test_salts_older_than_yesterdays_are_destroyed",),
            ),
            Removal(
                "the end of a salt in a warm instance",
                "handler/privacy.py",
                "self._day, self._salt = day, None",
                "self._day = day",
                (
                    f"{_PRIVACY}::"
                    "test_a_salt_does_not_outlive_its_day_where_no_new_one_is_to_be_had",
                ),
            ),
            Removal(
                "the expiry of salts that no event destroyed",
                _SALTS,
                "expiration=Duration.days(1),",
                "expiration=Duration.days(30),",
                (
                    f"{_FUNCTION}::"
                    "test_salts_expire_where_the_function_failed_to_destroy_them",
                ),
            ),
            Removal(
                "no versions of salts",
                _SALTS,
                "versioned=False,",
                "versioned=True,",
                (
                    f"{_FUNCTION}::"
                    "test_the_salt_bucket_is_private_encrypted_and_unversioned",
                ),
            ),
        ),
    ),
    Threat(
        "Somebody else than the function reads the day's salt",
        (
            Removal(
                "the roles that have no right to salts",
                "src/analytics_tracker_construct/_permissions.py",
                "    _allow(role, RECEIVE, queue.queue_arn)\n",
                "    _allow(role, RECEIVE, queue.queue_arn)\n"
                '    _allow(role, KEEP_SALTS, "*")\n',
                ("tests/infra/test_isolation.py::test_only_the_function_reads_salts",),
            ),
            Removal(
                "the wall around the bucket",
                "src/analytics_tracker_construct/_buckets.py",
                "block_public_access=s3.BlockPublicAccess.BLOCK_ALL,",
                "block_public_access=s3.BlockPublicAccess.BLOCK_ACLS,",
                (
                    f"{_FUNCTION}::"
                    "test_the_salt_bucket_is_private_encrypted_and_unversioned",
                ),
            ),
        ),
    ),
    Threat(
        "An address leaks into a log, a metric or an answer",
        (
            Removal(
                "the silence about an error's text",
                "handler/log.py",
                'self._line("ERROR", "failure", type=type(error).__name__,',
                'self._line("ERROR", "failure", type=str(error),',
                (
                    f"{_CANARIES}::"
                    "test_no_line_answer_or_message_tells_who_sent_an_event",
                    "tests/handler/test_answers.py::"
                    "test_an_error_of_our_own_is_answered_and_its_value_not_logged",
                ),
            ),
            Removal(
                "the silence about an error of the writer's",
                "handler/writer.py",
                "except Exception as error:  # noqa: BLE001 - Lambda",
                "except ZeroDivisionError as error:  # noqa: BLE001 - Lambda",
                (
                    "tests/handler/test_writer.py::"
                    "test_an_error_of_our_own_fails_its_own_messages_and_is_not_quoted",
                ),
            ),
            Removal(
                "the silence of an API's access log",
                "src/analytics_tracker_construct/_access_logs.py",
                '    "requestTime": "$context.requestTime",\n',
                '    "requestTime": "$context.requestTime",\n'
                '    "ip": "$context.identity.sourceIp",\n',
                (
                    "tests/infra/test_rest_api.py::"
                    "test_access_logs_never_hold_an_address_or_a_user_agent",
                    "tests/infra/test_http_api.py::"
                    "test_access_logs_are_on_and_hold_no_address_or_user_agent",
                ),
            ),
            Removal(
                "the silence of an API's trace",
                "src/analytics_tracker_construct/_rest.py",
                "data_trace_enabled=False,",
                "data_trace_enabled=True,",
                (
                    "tests/infra/test_rest_api.py::"
                    "test_the_stage_is_throttled_and_traces_no_data",
                ),
            ),
            Removal(
                "the hash in place of the address",
                "handler/lake.py",
                "ip, agent, rest = visit.hash, draft.user_agent, draft.metadata",
                "ip, agent, rest = visit.request.address, draft.user_agent, "
                "draft.metadata",
                (
                    f"{_CANARIES}::"
                    "test_no_line_answer_or_message_tells_who_sent_an_event",
                ),
            ),
        ),
    ),
    Threat(
        "A browser asks not to be followed, and is",
        (
            Removal(
                "the signals of privacy",
                "handler/privacy.py",
                '_SIGNALS = ("sec-gpc", "dnt")',
                "_SIGNALS = ()",
                (
                    f"{_PRIVACY}::test_a_signal_keeps_the_event_and_forgets_the_sender",
                    f"{_CANARIES}::"
                    "test_no_line_answer_or_message_tells_who_sent_an_event",
                ),
            ),
            Removal(
                "the session and the user agent, forgotten",
                "handler/privacy.py",
                "draft.session = draft.user_agent = None",
                "pass",
                (f"{_PRIVACY}::test_a_signal_keeps_the_event_and_forgets_the_sender",),
            ),
        ),
    ),
    Threat(
        "A forged `X-Forwarded-For` or viewer header",
        (
            Removal(
                "the gateway's own word for the address",
                "handler/request.py",
                'address = identity.get("sourceIp") if isinstance(identity, dict) '
                "else None",
                'address = (get("headers") or {}).get("X-Forwarded-For")',
                (f"{_PRIVACY}::test_forwarding_headers_are_not_believed",),
            ),
            Removal(
                "the doubt of a viewer's country",
                "handler/enrich.py",
                "if settings.viewer_country:",
                "if settings:",
                (
                    "tests/handler/test_storing.py::"
                    "test_the_country_is_believed_only_where_clients_cannot_set_it",
                ),
            ),
            Removal(
                "the doubt where no edge endpoint is",
                "src/analytics_tracker_construct/_rest.py",
                "return self._endpoint_type(stack) == apigateway.EndpointType.EDGE",
                "return bool(self._endpoint_type(stack))",
                (
                    "tests/infra/test_environment.py::"
                    "test_the_country_is_not_believed_without_an_edge_endpoint",
                ),
            ),
        ),
    ),
)
