-- What the rules of one feed make happen in the life courses: one row an event. A rule happens once (every = 0), or
-- again and again: at even distances (a prescription) or by chance (a fall), oftener to those who use more.
-- The days are drawn so that none lies outside: a filter or a join right after `unnest` fails in the engine's release
-- 2.0.0 once rows are many ("global dictionary changed identity").
CREATE OR REPLACE TEMP {keep} {rules}_event AS
SELECT *, least(to_day, from_day + floor((step_nth + CASE WHEN regular = 1 THEN 0.05 ELSE 1 END * part(h, 3)) * step)::INTEGER)
    ::INTEGER AS day
FROM (
    SELECT *, again * 100 + step_nth AS nth, draw_nth(p, stream, again * 100 + step_nth) AS h FROM (
        SELECT * REPLACE (CASE WHEN regular = 1 OR every = 0 THEN step ELSE (to_day - from_day + 1) / times END AS step),
            unnest(range(times)) AS step_nth
        FROM (
            SELECT *, CASE WHEN from_day > to_day THEN 0 WHEN every = 0 THEN 1
                ELSE least(1000, floor((to_day - from_day) / step + CASE WHEN regular = 1 THEN 1 ELSE chance(p, stream + 3) END))
                END::BIGINT AS times
            FROM (
                SELECT c.* EXCLUDE (id, until), r.* EXCLUDE (id, sex, until),
                    greatest(c.since + r.after, CASE WHEN {ever} AND r.every = 0 THEN c.since ELSE c.start END,
                        c.birth + (r.min_age * 365.25)::INTEGER) AS from_day,
                    least(c.until, CASE WHEN r.until > 0 THEN c.since + r.until ELSE c.until END,
                        c.birth + ((r.max_age + 1) * 365.25)::INTEGER - 1) AS to_day,
                    CASE WHEN r.every = 0 THEN 1.0 WHEN r.regular = 1 THEN r.every ELSE r.every * c.pace END AS step
                FROM course AS c JOIN rule_{rules} AS r ON r.id = c.id
                WHERE (r.share >= 1 OR chance(c.p, r.stream + 7) < r.share)
                    AND (r.sex = 0 OR r.sex = c.sex) AND (c.held & r.unless_held) = 0
                    AND (r.every > 0 OR {ever} OR c.since + r.after >= c.start)
            )
        )
    )
)
