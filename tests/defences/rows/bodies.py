"""Threats that a body holds: to the function, to the tables, to the bill."""

from __future__ import annotations

from ..threats import Removal, Threat

_BODY = "tests/handler/test_body.py"
_STORING = "tests/handler/test_storing.py"
_BATCH = "tests/handler/test_batch.py"
_FUZZ = "tests/fuzz/test_requests.py"

THREATS = (
    Threat(
        "One event breaks every query",
        (
            Removal(
                "metadata as one string",
                "handler/lake.py",
                '"metadata":{"null" if rest is None else _escaped(rest)}',
                '"metadata":{"null" if rest is None else rest}',
                (f"{_STORING}::test_keys_that_differ_in_case_do_not_collide",),
            ),
            Removal(
                "one line an event",
                "handler/lake.py",
                '"null" if page is None else _escaped(page)',
                '"null" if page is None else chr(34) + page + chr(34)',
                (f"{_STORING}::test_an_event_is_one_line_whatever_is_in_it",),
            ),
            Removal(
                "strict JSON",
                "handler/body.py",
                "parse_float=_float, parse_int=parse_int, parse_constant=_not_finite",
                "parse_int=parse_int",
                (f"{_BODY}::test_refuses_what_could_not_be_stored",),
            ),
            Removal(
                "fixed columns",
                "handler/fields.py",
                "if type(value) is not str:\n        raise",
                "if isinstance(value, bytes):\n        raise",
                (
                    "tests/handler/test_answers.py::test_refuses_with_the_words_of_its_table",
                ),
            ),
        ),
    ),
    Threat(
        "A huge, deep or compressed body exhausts the function",
        (
            Removal(
                "the limit of a body",
                "handler/body.py",
                "if len(raw) > limits.BODY_BYTES:",
                "if len(raw) > 64 * limits.BODY_BYTES:",
                (f"{_BODY}::test_the_limit_holds_to_the_byte",),
            ),
            Removal(
                "the limit of decompression",
                "handler/body.py",
                "inflated = stream.decompress(raw, limits.BODY_BYTES + 1)",
                "inflated = stream.decompress(raw)",
                (f"{_BODY}::test_a_bomb_is_not_unpacked",),
            ),
            Removal(
                "the limit of depth",
                "handler/batch.py",
                "    if may_be_deep:\n        require_depth(sent)\n",
                "",
                (f"{_STORING}::test_an_event_may_nest_to_a_depth_of_twenty",),
            ),
            Removal(
                "the parser's own limit of depth",
                "handler/body.py",
                "    except RecursionError:\n"
                "        raise Refused(Refusal.TOO_DEEP) from None\n"
                "    except UnicodeEncodeError:",
                "    except UnicodeEncodeError:",
                (
                    f"{_BODY}::test_refuses_what_could_not_be_stored",
                    f"{_FUZZ}::test_a_body_made_to_hurt_is_answered",
                ),
            ),
            Removal(
                "the limit of numbers",
                "handler/body.py",
                "    if len(text) > _DIGITS:\n        _float(text)\n",
                "",
                (f"{_BODY}::test_refuses_what_could_not_be_stored",),
            ),
        ),
    ),
    Threat(
        "A request that nobody thought of breaks the function, writes elsewhere or "
        "stores what no table reads",
        (
            Removal(
                "the answer to any error of our own",
                "handler/app.py",
                "except Exception as error:  # noqa: BLE001 - whatever",
                "except ZeroDivisionError as error:  # noqa: BLE001 - whatever",
                (
                    "tests/handler/test_answers.py::"
                    "test_an_error_of_our_own_is_answered_and_its_value_not_logged",
                ),
            ),
            Removal(
                "the answer to half a character",
                "handler/body.py",
                'if "\\\\u" in text and ("\\\\ud" in text or "\\\\uD" in text):',
                "if not text:",
                (f"{_BODY}::test_refuses_what_could_not_be_stored",),
            ),
            Removal(
                "the answer to what is no base64",
                "handler/body.py",
                "    except ValueError:\n"
                "        raise Refused(Refusal.BODY_NOT_BASE64) from None\n",
                "    except ZeroDivisionError:\n"
                "        raise Refused(Refusal.BODY_NOT_BASE64) from None\n",
                (f"{_BODY}::test_refuses_a_body_that_is_not_what_it_says",),
            ),
            Removal(
                "the form of what a key is made of",
                "handler/fields.py",
                "elif type(event_id) is str and EVENT_ID.fullmatch(event_id):",
                "elif type(event_id) is str:",
                (f"{_FUZZ}::test_no_request_breaks_a_promise",),
            ),
        ),
    ),
    Threat(
        "A batch is used to multiply a request: its defaults, its objects",
        (
            Removal(
                "the limit of objects",
                "handler/ingest.py",
                "elif len(bundles) < limits.BATCH_OBJECTS:",
                "elif len(bundles) < limits.BATCH_EVENTS:",
                (
                    "tests/handler/test_batch_retries.py::"
                    "test_a_request_may_become_ten_objects",
                ),
            ),
            Removal(
                "the limit of defaults",
                "handler/batch.py",
                "_bytes(sent) > limits.DEFAULTS_BYTES",
                "_bytes(sent) > limits.BODY_BYTES",
                (f"{_BATCH}::test_the_defaults_limit_holds_to_the_byte",),
            ),
            Removal(
                "the limit of an event with its defaults",
                "handler/batch.py",
                "if measure and _bytes(merged) > limits.EVENT_BYTES:",
                "if measure and _bytes(merged) > limits.BODY_BYTES:",
                (f"{_BATCH}::test_an_events_limit_counts_its_defaults_to_the_byte",),
            ),
            Removal(
                "the limit of events",
                "handler/batch.py",
                "if len(events) > limits.BATCH_EVENTS:",
                "if len(events) > limits.BODY_BYTES:",
                (
                    "tests/handler/test_answers.py::"
                    "test_refuses_with_the_words_of_its_table",
                ),
            ),
        ),
    ),
    Threat(
        "A flood runs up a bill",
        (
            Removal(
                "the throttle of a REST API",
                "src/analytics_tracker_construct/_rest.py",
                "throttling_rate_limit=settings.rate_limit,",
                "throttling_rate_limit=10_000,",
                (
                    "tests/infra/test_rest_api.py::"
                    "test_the_stage_is_throttled_and_traces_no_data",
                ),
            ),
            Removal(
                "the throttle of an HTTP API",
                "src/analytics_tracker_construct/_http.py",
                "throttling_rate_limit=settings.rate_limit,",
                "throttling_rate_limit=10_000,",
                (
                    "tests/infra/test_http_api.py::"
                    "test_the_stage_is_throttled_and_deploys_itself",
                ),
            ),
        ),
    ),
)
