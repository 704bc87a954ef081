-- Page views per hour
-- date: the UTC day
-- hour: the hour of that day, 0 to 23, UTC; an hour without page views has no row
-- page_views: events of type page_view
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
WITH views AS (
  SELECT year, month, day,
    CASE
      WHEN substr("timestamp", 1, 10) = year || '-' || month || '-' || day
      THEN "timestamp"
      ELSE serverTimestamp
    END AS happened_at
  FROM {events}
  WHERE eventType = 'page_view'
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
)
SELECT
  try_cast(year || '-' || month || '-' || day AS date) AS date,
  try_cast(substr(happened_at, 12, 2) AS integer) AS hour,
  count(*) AS page_views
FROM views
GROUP BY year, month, day, substr(happened_at, 12, 2)
ORDER BY year, month, day, substr(happened_at, 12, 2)
