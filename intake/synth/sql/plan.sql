-- Which person is made to have which fault: every n-th, from a place that the seed says, so that the number is known.
CREATE OR REPLACE TEMP TABLE plan AS
SELECT p, fault, feed, "table" AS of_table, death, birth FROM person JOIN fault ON (p + place) % every = 0
ORDER BY p, fault;

-- When somebody who opted out has the one event, in each feed, whose code nobody else has.
CREATE OR REPLACE TEMP TABLE canary_event AS
SELECT p, feed, code, start + ((stop - start) * (0.1 + 0.8 * chance(p, 402)))::INTEGER AS day
FROM person JOIN canary_bearer USING (p) JOIN canary USING (canary)
WHERE feed = bearing_feed ORDER BY p, feed, code;
