-- Sessions and bounce rate per day
-- date: the UTC day
-- sessions: sessions, each cut at midnight; those of bots are in no session
-- visitors: their different visitors, the sum of each tenant's
-- bounce_rate: the share of sessions with one page view and nothing else
-- mean_duration_seconds: from first event to last; that of a single event is 0
-- page_views_per_session: the mean
-- :from date  First day, UTC
-- :to date  Last day, UTC
SELECT
  try_cast(year || '-' || month || '-' || day AS date) AS date,
  count(*) AS sessions,
  count(DISTINCT tenant || ' ' || visitor) AS visitors,
  round(
    CAST(count(*) FILTER (WHERE isBounce) AS double) / nullif(count(*), 0), 4
  ) AS bounce_rate,
  round(
    CAST(sum(durationSeconds) AS double) / nullif(count(*), 0), 1
  ) AS mean_duration_seconds,
  round(
    CAST(sum(pageViews) AS double) / nullif(count(*), 0), 2
  ) AS page_views_per_session
FROM {sessions}
WHERE year BETWEEN substr(CAST(:from AS varchar), 1, 4)
    AND substr(CAST(:to AS varchar), 1, 4)
  AND year || '-' || month || '-' || day
    BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
GROUP BY year, month, day
ORDER BY year, month, day
