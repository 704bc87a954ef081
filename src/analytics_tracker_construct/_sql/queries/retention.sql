-- Weekly retention
-- cohort_week: Monday of the week in which people were first seen between from and to
-- week: weeks since then, from 0; a week in which none of them came has no row
-- people: those of the cohort who came in that week
-- share: of the whole cohort, 0 to 1
-- Addresses cannot tell who comes again: their hash changes daily. People are told by
-- sessionId, where the site keeps it for longer than a visit, or by a member of the
-- metadata that the site sends, such as user_id; those of two tenants are two people.
-- Whose browser asked for privacy has no sessionId, but what metadata the site sends.
-- Begin on a Monday and end on a Sunday, else the first week or the last is not whole.
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :identity string = sessionId  sessionId, or the name of a member of metadata
-- :bots exclude|include = exclude  Whether bots count
WITH seen AS (
  SELECT try_cast(year || '-' || month || '-' || day AS date) AS date,
    tenant || ' ' || nullif(sessionId, '') AS person
  FROM {events}
  WHERE :identity = 'sessionId'
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
  UNION ALL
  SELECT try_cast(year || '-' || month || '-' || day AS date) AS date,
    tenant || ' ' || nullif(
      json_extract_scalar(metadata,
        '$["' || replace(replace(members.name, '\', '\\'), '"', '\"') || '"]'
      ), ''
    ) AS person
  FROM {events}
  CROSS JOIN UNNEST(
    try(map_keys(CAST(json_parse(metadata) AS map(varchar, json))))
  ) AS members (name)
  WHERE members.name = :identity
    AND :identity <> 'sessionId'
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
),
active AS (
  SELECT DISTINCT person, date_trunc('week', date) AS week
  FROM seen
  WHERE person IS NOT NULL AND date IS NOT NULL
),
told AS (
  SELECT person, week, min(week) OVER (PARTITION BY person) AS cohort_week
  FROM active
),
counted AS (
  SELECT cohort_week, week, count(*) AS people
  FROM told
  GROUP BY cohort_week, week
)
SELECT
  cohort_week,
  date_diff('day', cohort_week, week) / 7 AS week,
  people,
  round(
    CAST(people AS double)
      / nullif(max(people) OVER (PARTITION BY cohort_week), 0),
    4
  ) AS share
FROM counted
ORDER BY cohort_week, week
