-- Events by type
-- event_type: the type as sent
-- events: events of this type
-- visitors: the sum of their unique visitors of each day and tenant
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :bots exclude|include = exclude  Whether bots count
-- :limit integer 1..1000000 = 100  Rows at most
WITH happened AS (
  SELECT eventType,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {events}
  WHERE year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
),
types AS (
  SELECT eventType, count(*) AS events, count(DISTINCT visitor) AS visitors
  FROM happened
  GROUP BY eventType
),
ranked AS (
  SELECT eventType, events, visitors,
    row_number() OVER (ORDER BY events DESC, eventType NULLS LAST) AS place
  FROM types
)
SELECT eventType AS event_type, events, visitors
FROM ranked
WHERE place <= :limit
ORDER BY place
