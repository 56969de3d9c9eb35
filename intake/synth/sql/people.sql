-- The people of one block: households of one to four at one address, who they are, where they live, when they die.
-- Twelve people are five households: one alone, a couple, parents with two children, an older couple, parents and child.
-- A child's birth follows from the mother's, who is at a fixed place before it.
CREATE OR REPLACE TEMP TABLE person AS
WITH seated AS (
    SELECT p, p % 12 AS seat, (p // 12) * 5 + [0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4][p % 12 + 1] AS household,
        draw(p, 1) AS h
    FROM range(getvariable('first'), getvariable('last')) AS all_people(p)
), mothered AS (
    SELECT *, seat IN (5, 6, 11) AS child, seat = 6 AND chance(household, 2) < 0.04 AS twin,
        CASE seat WHEN 0 THEN 20 + 75 * chance(household, 3) WHEN 1 THEN 21 + 62 * chance(household, 3)
            WHEN 2 THEN 21 + 62 * chance(household, 3) + 6 * (chance(p, 4) - 0.6)
            WHEN 7 THEN 54 + 42 * chance(household, 3) WHEN 8 THEN 54 + 42 * chance(household, 3) + 6 * (chance(p, 4) - 0.6)
            WHEN 3 THEN 25 + 31 * chance(household, 3) + 7 * (chance(p, 4) - 0.2)
            WHEN 9 THEN 25 + 31 * chance(household, 3) + 7 * (chance(p, 4) - 0.2)
            ELSE 25 + 31 * chance(household, 3) END AS elder_age
    FROM seated
), aged AS (
    SELECT *, CASE WHEN NOT child THEN elder_age ELSE elder_age - 18 - (least(elder_age, 43) - 18.1) * CASE
            WHEN seat = 5 THEN 0.45 * chance(p, 5) WHEN twin THEN 0.45 * chance(p - 1, 5)
            WHEN seat = 6 THEN 0.6 + 0.4 * chance(p, 5) ELSE chance(p, 5) END END AS age,
        CASE WHEN seat IN (4, 10) THEN 2 WHEN seat IN (3, 9) THEN 1
            WHEN seat IN (1, 7) THEN 1 + (chance(p, 6) < 0.05)::INTEGER
            WHEN seat IN (2, 8) THEN 2 - (chance(p, 6) < 0.05)::INTEGER
            ELSE 1 + (chance(p, 6) < 0.505)::INTEGER END AS sex,
        ((p // 12) // 3) AS postcode, (draw(household, 7) % getvariable('postcodes')::UBIGINT)::BIGINT AS old_postcode,
        CASE WHEN chance(household, 8) < 0.12 THEN
            getvariable('opens') + (chance(household, 9) * (getvariable('closes') - getvariable('opens')))::INTEGER
            END AS moved
    FROM mothered
), placed AS (
    SELECT *, getvariable('closes') - floor(age * 365.25)::INTEGER AS birth, lsoa_of(postcode) AS lsoa,
        decile_of(lsoa_of(postcode)) AS decile, bell(draw(p, 10)) AS metabolism, bell(draw(p, 11)) AS frail,
        exp(0.55 * bell(draw(p, 12))) AS pace,
        chance(p, 13) < 0.34 - 0.02 * decile_of(lsoa_of(postcode)) AND age > 15 AS smoker,
        ['A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'C', 'C', 'B', 'H', 'J', 'J', 'K', 'L', 'M',
         'N', 'N', 'P', 'R', 'S', 'D', 'F', 'G', 'Z'][1 + (draw(household, 14) % 31)::INTEGER] AS ethnic
    FROM aged
), fated AS (
    SELECT *, 2.2e-5 * exp(0.3 * frail) * (1 + 0.06 * (5.5 - decile)) * (CASE WHEN smoker THEN 1.6 ELSE 1 END)
            * (CASE sex WHEN 1 THEN 1.25 ELSE 1 END) AS hazard,
        greatest(0, getvariable('opens') - birth) / 365.25 AS age_at_open
    FROM placed
), ended AS (
    SELECT *, birth + (365.25 / 0.095 * ln(exp(0.095 * age_at_open) - 0.095 / hazard * ln(1 - chance(p, 15))))::BIGINT
        AS end_of_life
    FROM fated
)
SELECT p, household, seat, twin OR (seat = 5 AND chance(household, 2) < 0.04) AS twin, sex, birth,
    CASE WHEN end_of_life <= getvariable('closes') THEN greatest(end_of_life, birth)::INTEGER END AS death,
    least(end_of_life, getvariable('closes'))::INTEGER AS stop,
    greatest(birth, getvariable('opens')) AS start,
    decile, metabolism, pace, smoker, ethnic, postcode, lsoa,
    CASE WHEN moved > birth THEN moved END AS moved, old_postcode, lsoa_of(old_postcode) AS old_lsoa,
    CASE WHEN chance(household, 16) < 0.8 THEN draw(lsoa, 17) % getvariable('practices')::UBIGINT
        ELSE draw(household, 18) % getvariable('practices')::UBIGINT END::INTEGER AS practice,
    (draw(household, 19) % getvariable('practices')::UBIGINT)::INTEGER AS old_practice,
    number_text(first_eight(p), ninth_digit(p, weighed(first_eight(p)))) AS nhs,
    1 + (draw(lsoa, 20) % 4)::INTEGER AS trust, 1 + (draw(lsoa, 21) % 3)::INTEGER AS community,
    1 + (draw(lsoa, 22) % 2)::INTEGER AS mental, 1 + (draw(lsoa, 23) % 4)::INTEGER AS authority,
    CASE WHEN ethnic IN ('H', 'J', 'K', 'L') THEN by_rank(CASE sex WHEN 2 THEN f_asian ELSE m_asian END, draw(p, 24))
        WHEN sex = 2 THEN by_rank(CASE WHEN age > 62 THEN f_old WHEN age > 28 THEN f_mid ELSE f_new END, draw(p, 24))
        ELSE by_rank(CASE WHEN age > 62 THEN m_old WHEN age > 28 THEN m_mid ELSE m_new END, draw(p, 24)) END AS forename,
    CASE WHEN ethnic IN ('H', 'J', 'K', 'L') THEN by_rank(surname_asian, draw(family, 25))
        WHEN chance(family, 26) < 0.45 THEN by_rank(surname, draw(family, 25))
        ELSE evenly(first_part, draw(family, 25)) || evenly(last_part, draw(family, 27)) END AS surname
FROM (SELECT *, CASE WHEN seat IN (2, 4, 8, 10) AND chance(p, 28) < 0.2 THEN -1 - p ELSE household END AS family FROM ended)
    CROSS JOIN name_list
ORDER BY p;
