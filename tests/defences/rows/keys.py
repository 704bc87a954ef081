"""Threats to tenants with write keys, or with routes of their own."""

from __future__ import annotations

from ..threats import Removal, Threat

_KEYS = "handler/write_keys.py"
_HANDLER = "tests/handler/test_write_keys.py"
_ROUTES = "tests/handler/test_own_routes.py"

THREATS = (
    Threat(
        "Somebody sends in the name of a tenant",
        (
            Removal(
                "the tenant's keys",
                _KEYS,
                "FORM.fullmatch(key) and _is_one_of(digest(key), tenant.keys)",
                "FORM.fullmatch(key)",
                (
                    f"{_HANDLER}::test_a_tenant_with_keys_takes_events_that_bring_one",
                    f"{_HANDLER}::test_each_event_of_a_batch_is_judged_alone",
                ),
            ),
        ),
    ),
    Threat(
        "A write key is tried out, or leaks",
        (
            Removal(
                "the constant time of a key's comparison",
                _KEYS,
                "[compare_digest(found, each) for each in known]",
                "[found == each for each in known]",
                (
                    f"{_HANDLER}::"
                    "test_digests_are_compared_with_each_key_in_a_time_of_its_own",
                ),
            ),
        ),
    ),
    Threat(
        "A secret write key is published",
        (
            Removal(
                "the refusal of a secret key in a query",
                _KEYS,
                "if secret and in_query:",
                "if secret and not key:",
                (
                    f"{_HANDLER}::test_a_secret_key_in_a_query_is_refused_with_the_"
                    "advice_to_change_it",
                ),
            ),
            Removal(
                "the refusal of a secret key from a browser",
                _KEYS,
                'if secret and ("origin" in request.headers or',
                'if secret and ("x-none" in request.headers and',
                (
                    f"{_HANDLER}::test_a_secret_key_from_a_browser_is_refused_with_the_"
                    "advice_to_change_it",
                ),
            ),
        ),
    ),
    Threat(
        "One tenant's flood takes the others' requests",
        (
            Removal(
                "the tenant's own routes",
                "handler/access.py",
                "_require_route(found.tenant, draft.visit, own_routes)",
                "pass",
                (
                    f"{_ROUTES}::test_events_go_by_the_tenants_own_route_alone",
                    f"{_ROUTES}::test_each_event_of_a_batch_is_judged_alone",
                ),
            ),
        ),
    ),
)
