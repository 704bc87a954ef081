-- Channels that sessions came by
-- channel, the first that fits:
--   mail: utm_medium email, e-mail, mail or newsletter
--   social: utm_medium social, social-media, social-network or sm
--   campaign: any other utm_source, utm_medium or utm_campaign
--   direct: no referrer, or none that is a URL
--   internal: the referrer is on the site itself, after a pause or at midnight
--   mail, search, social: the referrer is one of the hosts listed below; `site` stands
--     for a host and those below it, __ for a country
--   referral: any other referrer
-- sessions: sessions that began so; those of bots are in no session
-- visitors: the sum of their unique visitors of each day and tenant
-- bounce_rate: the share of them with one page view and nothing else
-- The referrer is the first page view's; the first event's where there is none.
-- Where page holds paths alone, own_hosts says which hosts are the site's.
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :own_hosts hosts = ''  The site's own hosts, commas between, each subdomain named
WITH came AS (
  SELECT isBounce, tenant || ' ' || year || month || day || ' ' || visitor AS visitor,
    lower(utmMedium) AS medium,
    coalesce(utmSource, utmMedium, utmCampaign) AS campaign,
    referrerHost AS host,
    '.' || referrerHost AS site,
    own.is_own OR referrerHost = coalesce(entryHost, '') AS is_internal
  FROM {sessions}
  -- Of the two rows the one that is true of the session stays.
  CROSS JOIN (VALUES (true), (false)) AS own (is_own)
  WHERE own.is_own = (
      strpos(',' || :own_hosts || ',', ',' || coalesce(referrerHost, '?') || ',') > 0
    )
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
),
sorted AS (
  SELECT isBounce, visitor,
    CASE
      WHEN medium IN ('email', 'e-mail', 'mail', 'newsletter') THEN 'mail'
      WHEN medium IN ('social', 'social-media', 'social-network', 'sm') THEN 'social'
      WHEN campaign IS NOT NULL THEN 'campaign'
      WHEN host IS NULL THEN 'direct'
      WHEN is_internal THEN 'internal'
      WHEN host LIKE 'mail.%' OR host LIKE 'webmail.%'
        OR host IN (
          'com.google.android.gm', 'deref-gmx.net', 'deref-web.de', 'outlook.live.com',
          'outlook.office.com', 'outlook.office365.com'
        )
      THEN 'mail'
      WHEN host LIKE 'google.__' OR host LIKE 'google.co.__'
        OR host LIKE 'google.com.__' OR host LIKE 'yandex.__'
        OR host LIKE 'yandex.com.__' OR site LIKE '%.bing.com'
        OR site LIKE '%.search.yahoo.com' OR site LIKE '%.duckduckgo.com'
        OR site LIKE '%.baidu.com'
        OR host IN (
          'com.google.android.googlequicksearchbox', 'ecosia.org', 'google.cat',
          'google.com', 'kagi.com', 'mojeek.com', 'qwant.com', 'search.brave.com',
          'sogou.com', 'startpage.com', 'swisscows.com', 'ya.ru', 'yandex.com'
        )
      THEN 'search'
      WHEN site LIKE '%.facebook.com' OR site LIKE '%.instagram.com'
        OR site LIKE '%.linkedin.com' OR site LIKE '%.pinterest.com'
        OR site LIKE '%.reddit.com' OR site LIKE '%.threads.com'
        OR site LIKE '%.threads.net' OR site LIKE '%.tiktok.com'
        OR site LIKE '%.twitter.com' OR site LIKE '%.vk.com'
        OR site LIKE '%.weibo.com' OR site LIKE '%.x.com' OR site LIKE '%.xing.com'
        OR site LIKE '%.youtube.com' OR host LIKE 'pinterest.__'
        OR host IN (
          'bsky.app', 'com.linkedin.android', 'com.reddit.frontpage', 'lnkd.in',
          'mastodon.social', 'news.ycombinator.com', 't.co', 't.me', 'youtu.be'
        )
      THEN 'social'
      ELSE 'referral'
    END AS channel
  FROM came
)
SELECT
  channel,
  count(*) AS sessions,
  count(DISTINCT visitor) AS visitors,
  round(
    CAST(count(*) FILTER (WHERE isBounce) AS double) / nullif(count(*), 0), 4
  ) AS bounce_rate
FROM sorted
GROUP BY channel
ORDER BY count(*) DESC, channel
