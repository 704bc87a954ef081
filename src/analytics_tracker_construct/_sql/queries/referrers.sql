-- Sites that sessions came from
-- referrer_host: the host of the first page view's referrer, without www.; of the first
--   event's in a session without page views
-- sessions: sessions that began with it; those of bots are in no session
-- visitors: the sum of their unique visitors of each day and tenant
-- bounce_rate: the share of them with one page view and nothing else
-- Left out: no referrer, and the site itself. Where page holds paths alone, own_hosts
-- says which hosts are the site's.
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :own_hosts hosts = ''  The site's own hosts, commas between, each subdomain named
-- :limit integer 1..1000000 = 100  Rows at most
WITH came AS (
  SELECT referrerHost, isBounce,
    tenant || ' ' || year || month || day || ' ' || visitor AS visitor
  FROM {sessions}
  WHERE referrerHost IS NOT NULL
    AND referrerHost <> coalesce(entryHost, '')
    AND strpos(',' || :own_hosts || ',', ',' || referrerHost || ',') = 0
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
),
hosts AS (
  SELECT referrerHost, count(*) AS sessions, count(DISTINCT visitor) AS visitors,
    count(*) FILTER (WHERE isBounce) AS bounces
  FROM came
  GROUP BY referrerHost
),
ranked AS (
  SELECT referrerHost, sessions, visitors, bounces,
    row_number() OVER (ORDER BY sessions DESC, referrerHost) AS place
  FROM hosts
)
SELECT
  referrerHost AS referrer_host,
  sessions,
  visitors,
  round(CAST(bounces AS double) / nullif(sessions, 0), 4) AS bounce_rate
FROM ranked
WHERE place <= :limit
ORDER BY place
