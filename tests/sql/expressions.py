"""Expressions of Trino's SQL and their values, as Trino 435 has them.

Each is something that DuckDB takes too, and many it would answer otherwise if they were
passed on as they are. Both engines are asked for every one of them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

_TIMES = (
    "from_iso8601_timestamp('2026-11-01T00:59:59.500Z'), "
    "from_iso8601_timestamp('2026-11-01T02:00:00.000Z')"
)

VALUES: tuple[tuple[str, Any], ...] = (
    ("CAST(7 AS bigint) / 2", 3),
    ("-7 / 2", -3),
    ("count(*) / 3 * 10 + 7 / nullif(2, 0)", 3),
    ("CAST(7 AS double) / 2", 3.5),
    ("7 / 2e0", 3.5),
    ("CAST(1 AS double) / nullif(0, 0)", None),
    ("7 / nullif(0, 0)", None),
    ("-5 % 3", -2),
    ("round(CAST(25 AS double) / 10, 0)", 3.0),
    ("round(CAST(-25 AS double) / 10, 0)", -3.0),
    ("round(CAST(18295 AS double) / 20, 1)", 914.8),
    ("round(CAST(1487 AS double) / 20, 1)", 74.4),
    ("round(CAST(-1487 AS double) / 20, 1)", -74.4),
    ("3e0 * round(CAST(1 AS double) / 3, 1)", 0.8999999999999999),
    (f"date_diff('hour', {_TIMES})", 1),
    (f"date_diff('minute', {_TIMES})", 60),
    (f"date_diff('second', {_TIMES})", 3600),
    (f"date_diff('millisecond', {_TIMES})", 3_600_500),
    (f"date_diff('day', {_TIMES})", 0),
    ("date_diff('day', try_cast('2026-10-31' AS date), DATE '2026-11-02')", 2),
    ("date_diff('week', DATE '2026-10-31', DATE '2026-11-02')", 0),
    ("date_trunc('week', DATE '2026-11-01')", date(2026, 10, 26)),
    ("date_trunc('month', DATE '2026-11-30')", date(2026, 11, 1)),
    ("date_add('day', -1, DATE '2026-03-01')", date(2026, 2, 28)),
    (
        "date_format(date_add('hour', -1, from_iso8601_timestamp("
        "'2026-11-01T00:05:09.250Z')), '%Y-%m-%dT%H:%i:%s')",
        "2026-10-31T23:05:09",
    ),
    ("CAST(DATE '2026-01-09' AS varchar)", "2026-01-09"),
    ("CAST(count(*) AS varchar) || 'x'", "1x"),
    ("try_cast('2026-02-31' AS date)", None),
    ("try_cast('12' AS integer)", 12),
    ("try_cast('1.5' AS integer)", None),
    ("try_cast('' AS integer)", None),
    ("'a' || NULL", None),
    ("regexp_extract('abc', '(x)', 1)", None),
    ("regexp_extract('a?x=1&y=2#z', '[?&]y=([^&#]*)', 1)", "2"),
    ("regexp_extract('a?y=', '[?&]y=([^&#]*)', 1)", ""),
    ("regexp_replace('www.www.x', '^www\\.', '')", "www.x"),
    ("regexp_replace('aXaX', 'X', '-')", "a-a-"),
    ("regexp_like('abc', '^ab')", True),
    ("split_part('a,b', ',', 1)", "a"),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("split_part('a,,b', ',', 2)", ""),
    ("split_part('', ',', 1)", ""),
    ("split_part('', ',', 2)", None),
    ("split_part('a://b://c', '://', 2)", "b"),
    ("substr('h\u00e9\U0001f600lo', 3, 2)", "\U0001f600l"),
    ("substr('ab', 3)", ""),
    ("substr('ab', 1, 0)", ""),
    ("replace('abc', 'b')", "ac"),
    ("regexp_extract('[::1]:80', '^\\[[0-9a-f:.]*\\]', 0)", "[::1]"),
    ("regexp_extract('[::1', '^\\[[0-9a-f:.]*\\]', 0)", None),
    ("regexp_replace('a@b@c', '^[^/]*@', '')", "c"),
    ("length('h\u00e9\U0001f600')", 3),
    ("strpos('\U0001f600b', 'b')", 2),
    ("strpos('abc', 'x')", 0),
    ("strpos('abc', '')", 1),
    ("replace('a\\b', '\\', '/')", "a/b"),
    ("lower('\u00c4\u0130SS\u1e9e')", "\u00e4iss\u00df"),
    ("'a_c' LIKE 'a_c' AND 'a\\c' LIKE 'a\\_'", True),
    ("'a\nb' LIKE 'a_b'", True),
    ("'B' < 'a'", True),
    ("coalesce(nullif('', ''), 'x')", "x"),
    ("json_extract_scalar('{\"a\":1}', '$.a')", "1"),
    ("json_extract_scalar('{\"a\":[1]}', '$.a')", None),
    ("json_extract_scalar('{\"a\":{}}', '$.a')", None),
    ("json_extract_scalar('{\"a\":null}', '$.a')", None),
    ("json_extract_scalar('{\"a\":\"null\"}', '$.a')", "null"),
    ("json_extract_scalar('{\"a\":true}', '$.a')", "true"),
    ("json_extract_scalar('{\"a\":1e-07}', '$.a')", "1e-07"),
    ("json_extract_scalar('{\"a\":1e+16}', '$.a')", "1e+16"),
    ("json_extract_scalar('{\"a\":12345678.125}', '$.a')", "12345678.125"),
    (
        "json_extract_scalar('{\"a\":123456789012345678901234567890}', '$.a')",
        "123456789012345678901234567890",
    ),
    ('json_extract_scalar(\'{"a":{"b/~":"c"}}\', \'$.a["b/~"]\')', "c"),
    ("json_extract_scalar('{\"a\":1,\"A\":2}', '$.A')", "2"),
    ("json_extract_scalar('[1]', '$.a')", None),
    ("try(from_iso8601_timestamp('2026-13-01T00:00:00.000Z')) IS NULL", True),
    ("try(map_keys(CAST(json_parse('[') AS map(varchar, json)))) IS NULL", True),
    ("max(NULL) IS NULL AND count(NULL) = 0", True),
    ("1 IS DISTINCT FROM NULL", True),
    ("1 IS NOT DISTINCT FROM NULL", False),
)

#: Rows of `pairs`, whose columns are `x`, `y` and `z`.
PAIRS = (
    "(VALUES (CAST(NULL AS varchar), 1, 'b'), ('p', 2, 'a'), ('q', 3, CAST(NULL AS "
    "varchar))) AS pairs (x, y, z)"
)

QUERIES: tuple[tuple[str, list[tuple[Any, ...]]], ...] = (
    # Whatever the value is: that of the least.
    (
        f"SELECT min_by(x, y), max_by(z, y), min_by(x, z) FROM {PAIRS}",
        [(None, None, "p")],
    ),
    (f"SELECT z FROM {PAIRS} ORDER BY z", [("a",), ("b",), (None,)]),
    (f"SELECT z FROM {PAIRS} ORDER BY z DESC", [("b",), ("a",), (None,)]),
    (
        f"SELECT y, lag(x) OVER (ORDER BY y) FROM {PAIRS} WHERE y > 1 ORDER BY y",
        [(2, None), (3, "p")],
    ),
    (f"SELECT count(DISTINCT x), count(x), count(*) FROM {PAIRS}", [(2, 2, 3)]),
    (f"SELECT sum(y) / nullif(count(*), 0) FROM {PAIRS}", [(2,)]),
    (
        "SELECT json_extract_scalar(j, '$.a') FROM "
        "(VALUES ('not json'), (''), ('{\"a\":'), ('{\"a\":1}')) AS t (j) ORDER BY 1",
        [("1",), (None,), (None,), (None,)],
    ),
    ("SELECT n FROM UNNEST(sequence(1, 3)) AS t (n) ORDER BY n", [(1,), (2,), (3,)]),
    (
        "SELECT n, rank() OVER (ORDER BY n), dense_rank() OVER (ORDER BY n) "
        "FROM (VALUES (1), (1), (2)) AS t (n) ORDER BY n",
        [(1, 1, 1), (1, 1, 1), (2, 3, 2)],
    ),
    (
        "SELECT n, count(*) FROM (VALUES (1), (2), (2), (3), (3)) AS t (n) "
        "GROUP BY n HAVING count(*) > 1 ORDER BY n LIMIT 1",
        [(2, 2)],
    ),
    (
        'SELECT k FROM (SELECT \'{"b":1,"a":{"c":2},"a":3}\' AS j) CROSS JOIN '
        "UNNEST(map_keys(CAST(json_parse(j) AS map(varchar, json)))) AS t (k) "
        "ORDER BY k",
        [("a",), ("b",)],
    ),
)
