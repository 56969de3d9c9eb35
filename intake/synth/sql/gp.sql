-- General practice: one row a patient (and one of the practice before the last move), one row a journal entry.
CREATE OR REPLACE TEMP TABLE gp_registration AS
SELECT p, 1 AS delivery, practice, postcode, lsoa, getvariable('closes') AS reported FROM person
UNION ALL SELECT p, 1, old_practice, old_postcode, old_lsoa, moved FROM person
    WHERE moved IS NOT NULL AND moved < stop AND old_practice <> practice
UNION ALL SELECT p, 2, practice, postcode, lsoa, getvariable('closes') + 31 FROM plan JOIN person USING (p)
    WHERE feed = 'gp' AND fault = 'late_row'
ORDER BY p, delivery, practice;

CREATE OR REPLACE TEMP VIEW gp_patient_rows AS
SELECT r.delivery, i.number AS "NHS_NUMBER", q.forename AS "FORENAME", i.surname AS "SURNAME", i.born AS "DATE_OF_BIRTH",
    year(i.born) AS "YEAR_OF_BIRTH", year(as_day(q.death)) AS "YEAR_OF_DEATH", q.sex::VARCHAR AS "SEX", q.ethnic AS "ETHNIC",
    postcode_text(r.postcode) AS "POSTCODE", lsoa_text(r.lsoa) AS "LSOA", practice_text(r.practice) AS "PRACTICE",
    ['EMIS', 'EMIS', 'TPP', 'TPP', 'CEGEDIM'][1 + r.practice % 5] AS "GP_SYSTEM_SUPPLIER",
    as_day(r.reported) AS "REPORTING_PERIOD_END_DATE"
FROM gp_registration AS r JOIN person AS q USING (p) JOIN identity_gp AS i USING (p);

-- Type 1 as a practice writes it down, on days when the person was there: dissent, and maybe its withdrawal later.
CREATE OR REPLACE TEMP TABLE gp_dissent AS
SELECT p, least(greatest(since, start), greatest(stop - 2, start)) AS dissented,
    CASE WHEN status = 'withdrawn' THEN least(greatest(changed, start + 1), stop) END AS withdrew
FROM journal_opt_out JOIN person USING (p);

-- Entries that no rule makes: deaths, smoking, dissent, canaries and planted faults.
CREATE OR REPLACE TEMP TABLE gp_extra AS
SELECT p, NULL AS fault, 1 AS delivery, death AS day, '419099009' AS code FROM person WHERE death IS NOT NULL
UNION ALL SELECT p, NULL, 1, start + ((stop - start) * chance(p, 51))::INTEGER,
    CASE WHEN smoker THEN '77176002' WHEN chance(p, 52) < 0.3 THEN '8517006' ELSE '266919005' END
    FROM person WHERE birth + 5844 < start
UNION ALL SELECT p, NULL, 1, dissented, '827241000000103' FROM gp_dissent
UNION ALL SELECT p, NULL, 1, withdrew, '827261000000102' FROM gp_dissent WHERE withdrew IS NOT NULL
UNION ALL SELECT p, NULL, 1, day, code FROM canary_event WHERE feed = 'gp'
UNION ALL SELECT p, fault, CASE fault WHEN 'late_row' THEN 2 ELSE 1 END, CASE fault
        WHEN 'absurd_date' THEN CASE WHEN p % 2 = 0 THEN -330000 ELSE 376000 END
        WHEN 'before_birth' THEN q.birth - 400 WHEN 'after_death' THEN q.death + 45 ELSE q.stop END,
    CASE fault WHEN 'unknown_code' THEN '999999999999' ELSE '185349003' END
    FROM plan JOIN person AS q USING (p)
    WHERE feed = 'gp' AND of_table = 'journal' AND (fault <> 'after_death' OR q.death IS NOT NULL)
ORDER BY p, code, day, fault;

CREATE OR REPLACE TEMP VIEW gp_journal_rows AS
SELECT 1 AS delivery, gp_number AS "NHS_NUMBER", practice AS "PRACTICE",
    as_day(getvariable('closes')) AS "REPORTING_PERIOD_END_DATE", as_day(day) AS "DATE",
    as_day(day + (part(h, 2) * part(h, 2) * 4)::INTEGER) AS "RECORD_DATE", code AS "CODE", false AS "SENSITIVE_CODE",
    CASE WHEN form = 'condition' THEN CASE WHEN every = 0 THEN 'F' ELSE 'N' END END AS "EPISODE_CONDITION",
    CASE WHEN form = 'drug' THEN CASE WHEN regular = 1 THEN 'R' ELSE 'A' END END AS "EPISODE_PRESCRIPTION",
    CASE WHEN form = 'measure' THEN round(greatest(low, least(high, base + slope * (day - since) / 365.25
        + aged * ((day - birth) / 365.25 - 50) + spread * (0.7 * bell(hash(p, rule)) + 0.7 * (part(h, 0) + part(h, 1) - 1) * 2.45))),
        CASE WHEN high < 20 THEN 1 ELSE 0 END) END AS "VALUE1_CONDITION", NULL::DOUBLE AS "VALUE2_CONDITION",
    quantity AS "VALUE1_PRESCRIPTION", days AS "VALUE2_PRESCRIPTION",
    CASE WHEN draw IS NOT NULL THEN (h % 1000000000000::UBIGINT)::VARCHAR END AS "LINKS"
FROM journal_event
UNION ALL
SELECT delivery, number, practice_text(practice), as_day(getvariable('closes') + CASE delivery WHEN 2 THEN 31 ELSE 0 END),
    as_day(day), as_day(day), code, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM gp_extra JOIN person USING (p) JOIN identity_gp USING (p);
