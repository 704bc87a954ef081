"""Threats to what stands behind the tracker's own distribution."""

from __future__ import annotations

from ..threats import Removal, Threat

_HANDLER = "tests/handler/test_front_door.py"
_INFRA = "tests/infra/test_front_door.py"
_DISTRIBUTION = "src/analytics_tracker_construct/_distribution.py"
_BEHAVIORS = "src/analytics_tracker_construct/_edge_behaviors.py"

THREATS = (
    Threat(
        "Somebody goes round the front door, and so its WAF",
        (
            Removal(
                "the secret of the front door",
                "handler/front_door.py",
                "if not any(matches):",
                "if not accepted:",
                (
                    f"{_HANDLER}::test_who_goes_round_the_distribution_is_refused",
                    f"{_HANDLER}::test_a_wrong_secret_is_refused",
                ),
            ),
            Removal(
                "the constant time of its comparison",
                "handler/front_door.py",
                "compare_digest(sent, secret) for secret",
                "sent == secret for secret",
                (
                    f"{_HANDLER}::"
                    "test_every_secret_is_compared_in_a_time_that_tells_nothing",
                ),
            ),
        ),
    ),
    Threat(
        "The front door's secret is known for too long",
        (
            Removal(
                "the two secrets of a change",
                "handler/front_door.py",
                "[secret.encode() for secret in secrets]",
                "[secret.encode() for secret in secrets[:1]]",
                (
                    f"{_HANDLER}::"
                    "test_two_secrets_are_taken_while_one_takes_the_others_place",
                ),
            ),
            Removal(
                "the end of the secret before the last",
                _DISTRIBUTION,
                "range(generation, max(generation - 2, 0), -1)",
                "range(generation, 0, -1)",
                (f"{_INFRA}::test_a_new_secret_is_sent_and_the_one_before_is_taken",),
            ),
        ),
    ),
    Threat(
        "CloudFront gives one viewer's answer to another, or keeps an error",
        (
            Removal(
                "the shortest time to keep an event's answer",
                _BEHAVIORS,
                "max_ttl=Duration.seconds(1),\n"
                "            min_ttl=Duration.seconds(0),",
                "max_ttl=Duration.seconds(1),\n"
                "            min_ttl=Duration.seconds(1),",
                (f"{_INFRA}::test_no_answer_to_an_event_is_kept",),
            ),
            Removal(
                "the time to keep an error",
                _DISTRIBUTION,
                "ErrorResponse(http_status=status, ttl=Duration.seconds(0))",
                "ErrorResponse(http_status=status, ttl=Duration.seconds(9))",
                (f"{_INFRA}::test_no_error_is_kept",),
            ),
        ),
    ),
)
