-- Values of one property of events
-- value: what the member of metadata holds; null where that is null, a list or an
--   object
-- events: events with this value; those without the member are not counted
-- visitors: the sum of their unique visitors of each day and tenant
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :event_type string  Type of the events
-- :property string  Name of a member of metadata, such as plan
-- :bots exclude|include = exclude  Whether bots count
-- :limit integer 1..1000000 = 100  Rows at most
WITH happened AS (
  SELECT
    json_extract_scalar(metadata,
      '$["' || replace(replace(members.name, '\', '\\'), '"', '\"') || '"]'
    ) AS value,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor
  FROM {events}
  CROSS JOIN UNNEST(
    try(map_keys(CAST(json_parse(metadata) AS map(varchar, json))))
  ) AS members (name)
  WHERE members.name = :property
    AND eventType = :event_type
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
),
found AS (
  SELECT value, count(*) AS events, count(DISTINCT visitor) AS visitors
  FROM happened
  GROUP BY value
),
ranked AS (
  SELECT value, events, visitors,
    row_number() OVER (ORDER BY events DESC, value NULLS LAST) AS place
  FROM found
)
SELECT value, events, visitors
FROM ranked
WHERE place <= :limit
ORDER BY place
