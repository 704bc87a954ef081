-- What the stored lines are worth, per day
-- date: the UTC day that they are stored under
-- lines: stored lines, broken ones aside
-- events: different events among them, by eventId
-- duplicates: lines that repeat an event; no other query counts them
-- late: events that arrived more than an hour after the day's end
-- wrong_clock: events whose own time is of another day than this one: they are stored
--   under the day of receipt, and queries take the time of receipt for theirs
-- without_ip: events without an address: the browser asked for privacy, or no key was
--   to be had
-- not_countable: events with neither address nor sessionId: no visitor, no session
-- bots: events sent by bots
-- :from date  First day, UTC
-- :to date  Last day, UTC
WITH distinct_events AS (
  SELECT year, month, day, tenant, eventId,
    count(*) AS copies,
    min(serverTimestamp) AS received_at,
    min("timestamp") AS happened_at,
    count(ip) AS with_ip,
    count(nullif(sessionId, '')) AS with_session,
    count(*) FILTER (WHERE device.is_bot) AS from_bots
  FROM {lines}
  WHERE eventId IS NOT NULL
    AND serverTimestamp LIKE '____-__-__T__:__:__.___Z'
    AND year BETWEEN substr(CAST(:from AS varchar), 1, 4)
      AND substr(CAST(:to AS varchar), 1, 4)
    AND year || '-' || month || '-' || day
      BETWEEN CAST(:from AS varchar) AND CAST(:to AS varchar)
  GROUP BY year, month, day, tenant, eventId
)
SELECT
  try_cast(year || '-' || month || '-' || day AS date) AS date,
  CAST(sum(copies) AS bigint) AS lines,
  count(*) AS events,
  CAST(sum(copies) AS bigint) - count(*) AS duplicates,
  count(*) FILTER (
    WHERE received_at > CAST(
      date_add('day', 1, try_cast(year || '-' || month || '-' || day AS date))
      AS varchar
    ) || 'T01'
  ) AS late,
  count(*) FILTER (
    WHERE substr(happened_at, 1, 10) <> year || '-' || month || '-' || day
  ) AS wrong_clock,
  count(*) FILTER (WHERE with_ip = 0) AS without_ip,
  count(*) FILTER (WHERE with_ip = 0 AND with_session = 0) AS not_countable,
  count(*) FILTER (WHERE from_bots > 0) AS bots
FROM distinct_events
GROUP BY year, month, day
ORDER BY year, month, day
