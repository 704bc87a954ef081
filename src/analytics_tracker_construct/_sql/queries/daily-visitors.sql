-- Unique visitors per day
-- date: the UTC day
-- visitors: different visitors. A visitor is one address and user agent on one day, or
--   the sessionId of an event without an address. Who comes on two days is two
--   visitors: the key that addresses are hashed with changes daily, so nobody can tell.
--   Who comes to two tenants is two visitors.
-- page_views: events of type page_view, also those that no visitor is known of
-- page_views_per_visitor: the mean, of page views with a visitor
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
WITH seen AS (
  SELECT year, month, day, eventType,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {events}
  WHERE year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
)
SELECT
  try_cast(year || '-' || month || '-' || day AS date) AS date,
  count(DISTINCT visitor) AS visitors,
  count(*) FILTER (WHERE eventType = 'page_view') AS page_views,
  round(
    CAST(
      count(*) FILTER (WHERE eventType = 'page_view' AND visitor IS NOT NULL) AS double
    )
      / nullif(count(DISTINCT visitor), 0),
    2
  ) AS page_views_per_visitor
FROM seen
GROUP BY year, month, day
ORDER BY year, month, day
