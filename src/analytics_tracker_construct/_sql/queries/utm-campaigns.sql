-- Campaigns by their utm parameters
-- utm_source, utm_medium, utm_campaign: of the entry page's query string, else of the
--   metadata of the first page view, or of the first event where there is none; + and
--   %20 are read as spaces, null is not given
-- sessions: sessions that began with any of them; those of bots are in no session
-- visitors: the sum of their unique visitors of each day and tenant
-- bounce_rate: the share of them with one page view and nothing else
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :limit integer 1..1000000 = 100  Rows at most
WITH came AS (
  SELECT utmSource, utmMedium, utmCampaign, isBounce,
    tenant || ' ' || year || month || day || ' ' || visitor AS visitor
  FROM {sessions}
  WHERE coalesce(utmSource, utmMedium, utmCampaign) IS NOT NULL
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
),
campaigns AS (
  SELECT utmSource, utmMedium, utmCampaign, count(*) AS sessions,
    count(DISTINCT visitor) AS visitors, count(*) FILTER (WHERE isBounce) AS bounces
  FROM came
  GROUP BY utmSource, utmMedium, utmCampaign
),
ranked AS (
  SELECT utmSource, utmMedium, utmCampaign, sessions, visitors, bounces,
    row_number() OVER (
      ORDER BY sessions DESC, utmSource NULLS LAST, utmMedium NULLS LAST,
        utmCampaign NULLS LAST
    ) AS place
  FROM campaigns
)
SELECT
  utmSource AS utm_source,
  utmMedium AS utm_medium,
  utmCampaign AS utm_campaign,
  sessions,
  visitors,
  round(CAST(bounces AS double) / nullif(sessions, 0), 4) AS bounce_rate
FROM ranked
WHERE place <= :limit
ORDER BY place
