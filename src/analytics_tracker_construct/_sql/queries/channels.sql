-- Channels that sessions came by
-- channel, the first that fits:
--   mail: utm_medium email, e-mail, mail or newsletter
--   social: utm_medium social, social-media, social-network or sm
--   campaign: any other utm_source, utm_medium or utm_campaign
--   direct: no referrer, or none that is a URL
--   internal: the referrer is on the site itself, after a pause or at midnight
--   mail, search, social: the referrer is one of the hosts listed below
--   referral: any other referrer
-- sessions: sessions that began so; those of bots are in no session
-- visitors: the sum of their unique visitors of each day
-- bounce_rate: the share of them with one page view and nothing else
-- Where page holds paths alone, own_hosts says which hosts are the site's.
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :own_hosts string = ''  The site's own hosts, commas between, without www.
WITH came AS (
  SELECT isBounce, year || month || day || ' ' || visitor AS visitor,
    lower(utmMedium) AS medium,
    coalesce(utmSource, utmMedium, utmCampaign) AS campaign,
    referrerHost AS host,
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
      WHEN host LIKE 'mail.%' OR host LIKE 'webmail.%' OR host LIKE 'outlook.%'
        OR host IN ('com.google.android.gm', 'deref-gmx.net', 'deref-web.de')
      THEN 'mail'
      WHEN host LIKE 'google.%' OR host LIKE 'yandex.%' OR host LIKE 'search.%'
        OR host LIKE '%.search.yahoo.com' OR host LIKE '%.bing.com'
        OR host IN (
          'baidu.com', 'bing.com', 'com.google.android.googlequicksearchbox',
          'duckduckgo.com', 'ecosia.org', 'html.duckduckgo.com', 'kagi.com',
          'lite.duckduckgo.com', 'm.baidu.com', 'mojeek.com', 'qwant.com', 'sogou.com',
          'startpage.com', 'swisscows.com', 'ya.ru'
        )
      THEN 'search'
      WHEN host LIKE '%.facebook.com' OR host LIKE '%.instagram.com'
        OR host LIKE '%.linkedin.com' OR host LIKE '%.pinterest.com'
        OR host LIKE '%.reddit.com' OR host LIKE '%.youtube.com'
        OR host LIKE 'pinterest.%'
        OR host IN (
          'bsky.app', 'com.linkedin.android', 'com.reddit.frontpage', 'facebook.com',
          'instagram.com', 'linkedin.com', 'lnkd.in', 'mastodon.social',
          'news.ycombinator.com', 'reddit.com', 't.co', 't.me', 'threads.net',
          'tiktok.com', 'twitter.com', 'vk.com', 'weibo.com', 'x.com', 'xing.com',
          'youtu.be', 'youtube.com'
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
