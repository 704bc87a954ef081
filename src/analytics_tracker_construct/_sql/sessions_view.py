"""The view of sessions: its columns and its query."""

from __future__ import annotations

from .._handler import columns

#: Minutes without an event after which the next one begins another session.
GAP_MINUTES = 30

#: The form of a time as the function stores it.
STORED_TIME = "____-__-__T__:__:__.___Z"

#: The columns of a view of sessions.
COLUMNS = (
    ("sessionKey", "varchar"),
    ("visitor", "varchar"),
    ("startedAt", "varchar"),
    ("endedAt", "varchar"),
    ("durationSeconds", "bigint"),
    ("pageViews", "bigint"),
    ("events", "bigint"),
    ("entryPage", "varchar"),
    ("exitPage", "varchar"),
    ("isBounce", "boolean"),
    ("referrer", "varchar"),
    ("referrerHost", "varchar"),
    ("entryHost", "varchar"),
    ("utmSource", "varchar"),
    ("utmMedium", "varchar"),
    ("utmCampaign", "varchar"),
    ("country", "varchar"),
    ("deviceType", "varchar"),
    ("browser", "varchar"),
    *((name, "varchar") for name, _, _ in columns.PARTITIONS),
)


#: The visitor of an event, on its day and of its tenant. Queries have copies of it.
VISITOR = "coalesce(ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, ''))"
#: When an event happened; where its own time is of another day, when it was received.
#: Queries have copies of it.
HAPPENED_AT = """\
CASE
      WHEN substr("timestamp", 1, 10) = year || '-' || month || '-' || day
      THEN "timestamp"
      ELSE serverTimestamp
    END"""

# What one request sends has often one moment, and is of the page that it views.
_VIEWS_FIRST = "CASE WHEN eventType = 'page_view' THEN 0 ELSE 1 END"


def _authority(url: str) -> str:
    """Return the SQL of a URL's host and port, in lower case."""
    # What begins with no scheme is a path, even if its query string has a URL.
    found = f"regexp_extract({url}, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*)', 1)"
    return f"lower(regexp_replace({found}, '^[^/]*@', ''))"


def _host(authority: str) -> str:
    """Return the SQL of the host, without `www.`; that of IPv6 has its brackets."""
    return (
        f"nullif(CASE WHEN {authority} LIKE '[%' "
        f"THEN regexp_extract({authority}, '^\\[[0-9a-f:.]*\\]', 0) "
        f"ELSE regexp_replace(split_part({authority}, ':', 1), '^www\\.', '') END, '')"
    )


def _campaign(name: str) -> str:
    """Return the SQL of a campaign parameter: of the entry page, else the metadata."""
    return (
        f"nullif(coalesce(replace(replace("
        f"regexp_extract(split_part(entryPage, '#', 1), '[?&]{name}=([^&]*)', 1), "
        f"'+', ' '), '%20', ' '), "
        f"json_extract_scalar(entryMetadata, '$.{name}')), '')"
    )


#: The view's query; `{unique}` is the view with each event once.
SQL = f"""\
WITH timed AS (
  SELECT year, month, day, eventId, eventType, page, referrer, metadata,
    location.country AS country,
    device.device_type AS deviceType,
    device.browser AS browser,
    {VISITOR} AS visitor,
    coalesce(
      'session ' || nullif(sessionId, ''),
      'visitor ' || ip || ' ' || coalesce(userAgent, '')
    ) AS owner,
    {HAPPENED_AT} AS happenedAt
  FROM {{unique}}
  WHERE NOT coalesce(device.is_bot, false)
),
placed AS (
  SELECT *,
    try(from_iso8601_timestamp(happenedAt)) AS instant
  FROM timed
  WHERE owner IS NOT NULL AND happenedAt LIKE '{STORED_TIME}'
),
ordered AS (
  SELECT *,
    row_number() OVER (
      PARTITION BY year, month, day, owner ORDER BY instant, {_VIEWS_FIRST}, eventId
    ) AS position,
    lag(instant) OVER (
      PARTITION BY year, month, day, owner ORDER BY instant, {_VIEWS_FIRST}, eventId
    ) AS previous
  FROM placed
  WHERE instant IS NOT NULL
),
numbered AS (
  SELECT *,
    sum(
      CASE
        WHEN date_diff('millisecond', previous, instant) <= {GAP_MINUTES * 60_000}
        THEN 0
        ELSE 1
      END
    ) OVER (
      PARTITION BY year, month, day, owner ORDER BY position
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS number
  FROM ordered
),
grouped AS (
  SELECT year, month, day, owner, number,
    min_by(visitor, position) AS visitor,
    min(happenedAt) AS startedAt,
    max(happenedAt) AS endedAt,
    date_diff('second', min(instant), max(instant)) AS durationSeconds,
    count(*) FILTER (WHERE eventType = 'page_view') AS pageViews,
    count(*) AS events,
    min_by(page, position) FILTER (
      WHERE eventType = 'page_view' AND page IS NOT NULL
    ) AS entryPage,
    max_by(page, position) FILTER (
      WHERE eventType = 'page_view' AND page IS NOT NULL
    ) AS exitPage,
    CASE
      WHEN count(*) FILTER (WHERE eventType = 'page_view') > 0
      THEN min_by(metadata, position) FILTER (WHERE eventType = 'page_view')
      ELSE min_by(metadata, position)
    END AS entryMetadata,
    CASE
      WHEN count(*) FILTER (WHERE eventType = 'page_view') > 0
      THEN min_by(referrer, position) FILTER (WHERE eventType = 'page_view')
      ELSE min_by(referrer, position)
    END AS referrer,
    min_by(country, position) AS country,
    min_by(deviceType, position) AS deviceType,
    min_by(browser, position) AS browser
  FROM numbered
  GROUP BY year, month, day, owner, number
),
located AS (
  SELECT *,
    {_authority("referrer")} AS referrerSite,
    {_authority("entryPage")} AS entrySite
  FROM grouped
)
SELECT
  year || '-' || month || '-' || day || ' ' || owner || ' '
    || CAST(number AS varchar) AS sessionKey,
  visitor, startedAt, endedAt, durationSeconds, pageViews, events, entryPage, exitPage,
  pageViews = 1 AND events = 1 AS isBounce,
  nullif(referrer, '') AS referrer,
  {_host("referrerSite")} AS referrerHost,
  {_host("entrySite")} AS entryHost,
  {_campaign("utm_source")} AS utmSource,
  {_campaign("utm_medium")} AS utmMedium,
  {_campaign("utm_campaign")} AS utmCampaign,
  country, deviceType, browser, year, month, day
FROM located"""  # noqa: S608  constants
