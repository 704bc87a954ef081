-- Funnel of several steps
-- step: number of the step, from 1
-- event_type: its event type; null where no such event happened
-- visitors: those who did this step after all before it, in order, no more than hours
--   after the first; other events may lie between
-- share_of_first: of the visitors of step 1, 0 to 1
-- share_of_previous: of the visitors of the step before
-- A visitor is one address and user agent on one day, so with by = visitor no funnel
-- goes past midnight UTC. With by = session it is a sessionId, on whatever days. Who
-- comes to two tenants is two visitors.
-- Events of one instant are taken in the order of the steps, whatever order they were
-- sent in; one event is never two steps. A type that is several steps is taken at the
-- first of them.
-- :from date  First day, UTC
-- :to date  Last day, UTC
-- :steps names  Event types in order, commas between, at most 8
-- :hours integer 1..8784 = 24  Hours from the first step to the last
-- :by visitor|session = visitor  Whose steps belong together
-- :bots exclude|include = exclude  Whether bots count
WITH happened AS (
  SELECT eventId, eventType, tenant || ' ' || nullif(sessionId, '') AS session,
    tenant || ' ' || year || month || day || ' ' || coalesce(
      ip || ' ' || coalesce(userAgent, ''), nullif(sessionId, '')
    ) AS visitor,
    CASE
      WHEN substr("timestamp", 1, 10) = year || '-' || month || '-' || day
      THEN "timestamp"
      ELSE serverTimestamp
    END AS happened_at
  FROM {events}
  WHERE year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
    AND (:bots = 'include' OR NOT coalesce(device.is_bot, false))
),
candidates AS (
  SELECT happened.eventId, happened.eventType, happened.happened_at,
    steps.step, allowed.hours,
    CASE basis.kind
      WHEN 'session' THEN happened.session
      ELSE happened.visitor
    END AS person
  FROM happened
  -- Of these rows those stay that the parameters name.
  CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS steps (step)
  CROSS JOIN (VALUES ('visitor'), ('session')) AS basis (kind)
  CROSS JOIN (
    SELECT hours
    FROM UNNEST(sequence(1, 8784)) AS counted (hours)
    WHERE hours = :hours
  ) AS allowed
  WHERE split_part(:steps, ',', steps.step) = happened.eventType
    AND basis.kind = :by
),
placed AS (
  SELECT eventId, eventType, step, hours, person,
    try(from_iso8601_timestamp(happened_at)) AS instant
  FROM candidates
  WHERE person IS NOT NULL AND happened_at LIKE '____-__-__T__:__:__.___Z'
),
-- Each row of a step gets the latest first step that leads to it: if that is too long
-- ago, so is every other.
reached_1 AS (
  SELECT *, CASE WHEN step = 1 THEN instant END AS start_1,
    min(step) OVER (PARTITION BY person, eventType) AS first_step
  FROM placed
),
reached_2 AS (
  SELECT *,
    CASE
      WHEN step = 2
        AND date_diff('millisecond', max(start_1) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_1) OVER earlier
    END AS start_2
  FROM reached_1
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_3 AS (
  SELECT *,
    CASE
      WHEN step = 3
        AND date_diff('millisecond', max(start_2) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_2) OVER earlier
    END AS start_3
  FROM reached_2
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_4 AS (
  SELECT *,
    CASE
      WHEN step = 4
        AND date_diff('millisecond', max(start_3) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_3) OVER earlier
    END AS start_4
  FROM reached_3
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_5 AS (
  SELECT *,
    CASE
      WHEN step = 5
        AND date_diff('millisecond', max(start_4) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_4) OVER earlier
    END AS start_5
  FROM reached_4
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_6 AS (
  SELECT *,
    CASE
      WHEN step = 6
        AND date_diff('millisecond', max(start_5) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_5) OVER earlier
    END AS start_6
  FROM reached_5
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_7 AS (
  SELECT *,
    CASE
      WHEN step = 7
        AND date_diff('millisecond', max(start_6) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_6) OVER earlier
    END AS start_7
  FROM reached_6
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
reached_8 AS (
  SELECT *,
    CASE
      WHEN step = 8
        AND date_diff('millisecond', max(start_7) OVER earlier, instant)
          <= hours * 3600000
      THEN max(start_7) OVER earlier
    END AS start_8
  FROM reached_7
  WINDOW earlier AS (
    PARTITION BY person ORDER BY instant, first_step, eventId, step DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
counted AS (
  SELECT step, max(eventType) AS event_type,
    count(DISTINCT person) FILTER (
      WHERE coalesce(
        start_1, start_2, start_3, start_4, start_5, start_6, start_7, start_8
      ) IS NOT NULL
    ) AS visitors
  FROM reached_8
  GROUP BY step
),
listed AS (
  SELECT asked.step, counted.event_type, coalesce(counted.visitors, 0) AS visitors
  FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS asked (step)
  LEFT JOIN counted ON counted.step = asked.step
  WHERE split_part(:steps, ',', asked.step) <> ''
)
SELECT
  step,
  event_type,
  visitors,
  round(
    CAST(visitors AS double) / nullif(max(visitors) OVER (), 0), 4
  ) AS share_of_first,
  round(
    CAST(visitors AS double) / nullif(lag(visitors) OVER (ORDER BY step), 0), 4
  ) AS share_of_previous
FROM listed
ORDER BY step
