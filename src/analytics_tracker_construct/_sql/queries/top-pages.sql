-- Most viewed pages
-- page: the page as sent, without what follows ? or #
-- page_views: its events of type page_view
-- visitors: the sum of its unique visitors of each day and tenant
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
-- :limit integer 1..1000000 = 100  Rows at most
WITH views AS (
  SELECT
    split_part(split_part(page, '?', 1), '#', 1) AS path,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {events}
  WHERE eventType = 'page_view'
    AND page IS NOT NULL
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
),
pages AS (
  SELECT path, count(*) AS page_views, count(DISTINCT visitor) AS visitors
  FROM views
  GROUP BY path
),
ranked AS (
  SELECT path, page_views, visitors,
    row_number() OVER (ORDER BY page_views DESC, path) AS place
  FROM pages
)
SELECT path AS page, page_views, visitors
FROM ranked
WHERE place <= :limit
ORDER BY place
