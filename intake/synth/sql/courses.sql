-- The life courses of a block: from when to when a condition can make something happen to whom. Onset ages follow a
-- Weibull distribution of each disease, stretched by sex, smoking, deprivation and metabolism.
CREATE OR REPLACE TEMP TABLE onset AS
SELECT p, id, since FROM (
    SELECT p, d.id, d.low, d.high, stop, d.scale * CASE sex WHEN 1 THEN d.male ELSE d.female END
            * CASE WHEN q.smoker THEN d.smoker ELSE d.other END * (1 + d.deprived * (decile - 5.5))
            * exp(-d.metabolic * metabolism) * pow(-ln(1 - chance(p, 1000 + d.id)), 1 / d.shape) AS age,
        birth + (least(age, 150) * 365.25)::INTEGER AS since
    FROM person AS q CROSS JOIN disease AS d WHERE d.shape > 0
) WHERE age BETWEEN low AND high AND since <= stop;

CREATE OR REPLACE TEMP TABLE burden AS
SELECT p, bit_or(1::UINTEGER << id) AS held,
    list(icd10 ORDER BY since, id) FILTER (icd10 IS NOT NULL) AS diagnoses,
    list(since ORDER BY since, id) FILTER (icd10 IS NOT NULL) AS diagnosed
FROM onset JOIN disease USING (id) GROUP BY p;

-- A birth is the mother's delivery too: she sits before the child. Twins are one delivery.
CREATE OR REPLACE TEMP TABLE delivery AS
SELECT m.p AS mother, c.birth AS day, max(c.twin)::BOOLEAN AS twin, min(c.p) AS child
FROM person AS c JOIN person AS m ON m.p = CASE c.seat WHEN 6 THEN c.p - 2 ELSE c.p - 1 END
WHERE c.seat IN (5, 6, 11) AND c.birth > getvariable('opens') + 270 AND m.stop > c.birth
GROUP BY ALL ORDER BY mother, day;

CREATE OR REPLACE TEMP TABLE course AS
SELECT c.p, c.id, c.again, c.since::INTEGER AS since, c.until::INTEGER AS until, sex, birth, start, stop, pace, practice_text(practice) AS practice, community, mental,
    coalesce(held, 0) AS held, gp.number AS gp_number
FROM (
    SELECT p, 0 AS id, 0 AS again, birth AS since, stop AS until FROM person
    UNION ALL SELECT o.p, id, 0, since, stop FROM onset AS o JOIN person USING (p)
    UNION ALL SELECT mother, 27, row_number() OVER (PARTITION BY mother ORDER BY day) - 1, day - 270, day FROM delivery
    UNION ALL SELECT p, 28, 0, birth, least(stop, birth + 1826) FROM person WHERE birth >= getvariable('opens')
) AS c JOIN person USING (p) LEFT JOIN burden USING (p) JOIN identity_gp AS gp USING (p)
ORDER BY c.p, c.id, c.since;

-- Who dies in hospital: the last stay ends with the death.
CREATE OR REPLACE TEMP TABLE last_stay AS
SELECT p, death, greatest(start, death - 1 - (draw(p, 31) % 18)::INTEGER) AS day FROM person
WHERE death IS NOT NULL AND death > start AND chance(p, 30) < 0.45;
