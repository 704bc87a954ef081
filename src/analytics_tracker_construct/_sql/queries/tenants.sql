-- Tenants side by side
-- tenant: the tenant's name; one without events has no row
-- events: events of any type
-- page_views: events of type page_view
-- visitors: the sum of its unique visitors of each day
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
WITH happened AS (
  SELECT tenant, eventType,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {all_events}
  WHERE year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
)
SELECT
  tenant,
  count(*) AS events,
  count(*) FILTER (WHERE eventType = 'page_view') AS page_views,
  count(DISTINCT visitor) AS visitors
FROM happened
GROUP BY tenant
ORDER BY tenant
