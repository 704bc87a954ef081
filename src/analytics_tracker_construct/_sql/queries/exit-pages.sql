-- Pages that sessions ended on
-- page: the page as sent, without what follows ? or #
-- sessions: sessions whose last page view is of it; those of bots are in no session
--   Of page views of one instant the order is that of their eventId.
-- share: of all sessions with a page view, 0 to 1
-- bounce_rate: the share of them with one page view and nothing else
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :limit integer 1..1000000 = 100  Rows at most
WITH views AS (
  SELECT split_part(split_part(exitPage, '?', 1), '#', 1) AS page, isBounce
  FROM {sessions}
  WHERE exitPage IS NOT NULL
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
),
pages AS (
  SELECT page, count(*) AS sessions, sum(count(*)) OVER () AS all_sessions,
    count(*) FILTER (WHERE isBounce) AS bounces
  FROM views
  GROUP BY page
),
ranked AS (
  SELECT page, sessions, all_sessions, bounces,
    row_number() OVER (ORDER BY sessions DESC, page) AS place
  FROM pages
)
SELECT
  page,
  sessions,
  round(CAST(sessions AS double) / nullif(all_sessions, 0), 4) AS share,
  round(CAST(bounces AS double) / nullif(sessions, 0), 4) AS bounce_rate
FROM ranked
WHERE place <= :limit
ORDER BY place
