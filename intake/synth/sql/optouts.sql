-- Who opted out of what, from when, and whether it still holds. All people at once: they are few.
CREATE OR REPLACE TEMP TABLE opt_out AS
SELECT p, kind, status, CASE WHEN kind = 'gdpr_objection' THEN evenly(controllers, draw(p, 203)) END AS controller,
    15700 + (draw(p, 204 + nth) % 4500)::INTEGER AS since,
    CASE WHEN status IN ('withdrawn', 'declined', 'upheld') THEN 15700 + (draw(p, 204 + nth) % 4500)::INTEGER + 40
        + (draw(p, 304 + nth) % 200)::INTEGER END AS changed
FROM (
    SELECT p, kind, status, nth FROM range(getvariable('people')) AS all_people(p) JOIN (
        SELECT *, sum(per_thousand) OVER (PARTITION BY kind ORDER BY nth) AS upto FROM opt_out_rate
    ) AS r ON share(draw(p, hash(kind))) * 1000 BETWEEN upto - per_thousand AND upto - 1e-9
), (SELECT list(controller ORDER BY controller) AS controllers FROM controller);

-- Half of those who told their practice are known from its journal alone, the others from the list of opt-outs.
CREATE OR REPLACE TEMP TABLE journal_opt_out AS
SELECT p, status, since, changed FROM opt_out WHERE kind = 'type_1' AND draw(p, 401) % 2 = 0;

-- What the rows of somebody's canary may be called in each feed: an objection closes its controller's feed and no other.
CREATE OR REPLACE TEMP TABLE canary_bearer AS
SELECT DISTINCT p, c.feed AS bearing_feed, CASE WHEN status = 'withdrawn' THEN 'withdrawn' WHEN kind <> 'gdpr_objection' THEN kind
    WHEN status = 'declined' THEN 'gdpr_declined'
    ELSE 'gdpr_' || status || CASE WHEN o.controller = c.controller THEN '_own' ELSE '_other' END END AS canary
FROM opt_out AS o CROSS JOIN controller AS c;

CREATE OR REPLACE TEMP VIEW opt_out_rows AS
SELECT nhs_number(p) AS nhs_number, kind, controller, status, as_day(day) AS "from", NULL::DATE AS "to" FROM (
    SELECT p, kind, controller, CASE WHEN kind = 'gdpr_objection' THEN 'pending' ELSE 'active' END AS status, since AS day FROM opt_out
    UNION ALL SELECT p, kind, controller, status, changed FROM opt_out WHERE changed IS NOT NULL
) WHERE kind <> 'national' AND (kind <> 'type_1' OR p NOT IN (SELECT p FROM journal_opt_out)) ORDER BY p, kind, day;

-- What the national check service would answer "no" to: any number ever of somebody who opted out there.
CREATE OR REPLACE TEMP VIEW refused_rows AS
SELECT nhs_number(p) AS nhs_number FROM opt_out WHERE kind = 'national' AND status = 'active'
UNION ALL SELECT nhs_number(p + getvariable('people')) FROM opt_out WHERE kind = 'national' AND status = 'active'
ORDER BY nhs_number;

CREATE OR REPLACE TEMP VIEW truth_opt_out AS
SELECT p AS person, kind, status, controller, as_day(since) AS since, as_day(changed) AS changed FROM opt_out ORDER BY p, kind;

CREATE OR REPLACE TEMP VIEW truth_canary AS
SELECT p AS person, bearing_feed AS feed, canary, vocabulary, code
FROM canary_bearer JOIN canary USING (canary) WHERE feed = bearing_feed ORDER BY person, feed, canary;

-- The list of areas that a site loads with its vocabulary.
CREATE OR REPLACE TEMP VIEW small_areas AS
SELECT lsoa_text(area::INTEGER) AS lsoa_code, decile_of(area::INTEGER) AS imd_decile
FROM range(getvariable('lsoas')) AS areas(area);
