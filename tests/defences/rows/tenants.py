"""Threats of one tenant, its pages and its analysts to another."""

from __future__ import annotations

from ..threats import Removal, Threat

_ACCESS = "tests/handler/test_access.py"
_QUERY = "src/analytics_tracker_construct/_query_rights.py"
_GRANT = "tests/infra/test_grant_query.py"
_OTHERS = f"{_GRANT}::test_an_analyst_reaches_no_other_tenant"
_BEYOND = f"{_GRANT}::test_an_analyst_changes_nothing_and_sees_events_alone"

THREATS = (
    Threat(
        "A web page sends for a tenant that does not know it",
        (
            Removal(
                "the origins of a tenant",
                "handler/access.py",
                "allowed = origin in tenant.origins",
                "allowed = True",
                (f"{_ACCESS}::test_a_tenant_with_origins_refuses_other_web_pages",),
            ),
            Removal(
                "the origins, on their way to the function",
                "src/analytics_tracker_construct/_environment.py",
                '{"origins": list(tenant.origins)} if tenant.origins else {}',
                "{}",
                (
                    "tests/infra/test_tenants.py::"
                    "test_a_tenants_origins_reach_the_function",
                ),
            ),
        ),
    ),
    Threat(
        "A pattern opens a tenant's bucket past its rules",
        (
            Removal(
                "the tenant's name for its bucket",
                "handler/access.py",
                "(tenant and not named) or not settings.patterns.allow(bucket)",
                "not settings.patterns.allow(bucket)",
                (f"{_ACCESS}::test_a_pattern_does_not_open_a_tenants_bucket",),
            ),
            Removal(
                "the rules of a tenant whose bucket is named",
                "handler/access.py",
                "return Destination(bucket, theirs or owner, tenant, named)",
                "return Destination(bucket, theirs or owner, None, named)",
                (
                    f"{_ACCESS}::test_a_tenants_bucket_that_is_allowed_in_full_"
                    "keeps_the_tenants_rules",
                ),
            ),
        ),
    ),
    Threat(
        "The pixel is used past a tenant's origins",
        (
            Removal(
                "the page's address as its origin",
                "handler/app.py",
                "visit.request = pixel.with_origin(visit.request)",
                "pass",
                (
                    "tests/handler/test_pixel.py::"
                    "test_the_referring_pages_origin_counts_where_a_tenant_lists_some",
                ),
            ),
            Removal(
                "the word that there is a page",
                "handler/access.py",
                'allowed = headers.get("sec-fetch-site", "none") == "none"',
                "allowed = True",
                (
                    f"{_ACCESS}::"
                    "test_a_tenant_with_origins_refuses_a_page_that_hides_which_it_is",
                ),
            ),
        ),
    ),
    Threat(
        "An analyst of one tenant reads another's events, results or views, or "
        "changes something",
        (
            Removal(
                "the tables of a grant",
                _QUERY,
                '(f"{glue}:table/{database}/{name}" for name in relations.names)',
                '(f"{glue}:table/{database}/*" for name in relations.names)',
                (_OTHERS,),
            ),
            Removal(
                "the folder of results",
                _QUERY,
                'allow(KEEP_RESULTS, results.bucket.arn_for_objects(f"{mine}*"))',
                'allow(KEEP_RESULTS, results.bucket.arn_for_objects("*"))',
                (_OTHERS,),
            ),
            Removal(
                "the folder of results, where they are listed",
                _QUERY,
                "allow([LIST], results.bucket.bucket_arn, prefix=mine)",
                "allow([LIST], results.bucket.bucket_arn)",
                (_OTHERS,),
            ),
            Removal(
                "the workgroup of a grant",
                _QUERY,
                'f"{athena}:workgroup/{workgroup}"',
                'f"{athena}:workgroup/*"',
                (_OTHERS,),
            ),
            Removal(
                "the results' folder of a workgroup",
                "src/analytics_tracker_construct/_catalog_results.py",
                "enforce_work_group_configuration=True,",
                "enforce_work_group_configuration=False,",
                (
                    "tests/infra/test_catalog_results.py::"
                    "test_no_client_changes_a_workgroups_settings",
                ),
            ),
            Removal(
                "the folder of what may be read",
                "src/analytics_tracker_construct/_permissions.py",
                "READ, bucket.arn_for_objects(_EVENTS))",
                'READ, bucket.arn_for_objects("*"))',
                (_BEYOND,),
            ),
            Removal(
                "the folder of what may be listed",
                "src/analytics_tracker_construct/_permissions.py",
                'within = {"StringLike": {"s3:prefix": [_EVENTS]}}',
                'within = {"StringLike": {"s3:prefix": ["*"]}}',
                (_BEYOND,),
            ),
        ),
    ),
)
