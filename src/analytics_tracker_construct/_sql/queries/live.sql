-- The last hour, minute by minute
-- minute: the minute, UTC, such as 2026-01-31T12:05; one without events has no row
-- events: events of any type that happened in it
-- page_views: those of type page_view
-- visitors: different visitors in that minute, the sum of each tenant's
-- :now time = now  The moment that the hour ends at
-- :bots exclude|include = exclude  Whether bots count
WITH happened AS (
  SELECT year, month, day, eventType,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor,
    CASE
      WHEN substr("timestamp", 1, 10) = year || '-' || month || '-' || day
      THEN "timestamp"
      ELSE serverTimestamp
    END AS happened_at
  FROM {events}
  WHERE year BETWEEN
      date_format(date_add('hour', -1, from_iso8601_timestamp(:now)), '%Y')
      AND substr(:now, 1, 4)
    AND year || '-' || month || '-' || day BETWEEN
      date_format(date_add('hour', -1, from_iso8601_timestamp(:now)), '%Y-%m-%d')
      AND substr(:now, 1, 10)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
)
SELECT
  substr(happened_at, 1, 16) AS minute,
  count(*) AS events,
  count(*) FILTER (WHERE eventType = 'page_view') AS page_views,
  count(DISTINCT visitor) AS visitors
FROM happened
WHERE happened_at <= :now
  AND happened_at > date_format(
    date_add('hour', -1, from_iso8601_timestamp(:now)), '%Y-%m-%dT%H:%i:%s'
  )
GROUP BY substr(happened_at, 1, 16)
ORDER BY substr(happened_at, 1, 16)
