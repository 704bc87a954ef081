-- Page views by form of device
-- device_type: desktop, mobile or tablet; unknown where the user agent does not say
-- page_views: events of type page_view
-- visitors: the sum of their unique visitors of each day and tenant
-- share: of all page views, 0 to 1
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
WITH views AS (
  SELECT
    coalesce(device.device_type, 'unknown') AS device_type,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {events}
  WHERE eventType = 'page_view'
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
)
SELECT
  device_type,
  count(*) AS page_views,
  count(DISTINCT visitor) AS visitors,
  round(CAST(count(*) AS double) / nullif(sum(count(*)) OVER (), 0), 4) AS share
FROM views
GROUP BY device_type
ORDER BY count(*) DESC, device_type
