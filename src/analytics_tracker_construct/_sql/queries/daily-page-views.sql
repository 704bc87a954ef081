-- Page views per day
-- date: the UTC day; a day without page views has no row
-- page_views: events of type page_view
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
SELECT
  try_cast(year || '-' || month || '-' || day AS date) AS date,
  count(*) AS page_views
FROM {events}
WHERE eventType = 'page_view'
  AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
    AND substr(CAST(:to AS varchar), 1, 4)
  AND year || '-' || month || '-' || day
    BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
  AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
GROUP BY year, month, day
ORDER BY year, month, day
