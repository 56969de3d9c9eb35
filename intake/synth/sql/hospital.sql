-- Hospitals. Stays come from diseases, births and last illnesses; an emergency stay begins in the emergency department.
-- Keys: the person, the rule and which time, so no two are alike.
CREATE OR REPLACE TEMP TABLE apc_stay AS
SELECT p, key, NULL AS fault, 1 AS delivery, day, least(stop, day + stay)::INTEGER AS ends, diagnosis, operation, method, class,
    specialty, false AS died, h
FROM (
    SELECT *, p * 131072 + rule * 2048 + nth * 2 AS key,
        CASE WHEN stay = 0 THEN 0 ELSE greatest(1, (stay * -ln(1 - part(h, 0)))::INTEGER) END AS stay FROM apc_event
)
UNION ALL SELECT p, p * 131072 + 60 * 2048, NULL, 1, l.day, l.death, CASE (draw(p, 61) % 4) WHEN 0 THEN 'J189' WHEN 1 THEN 'I500'
    WHEN 2 THEN 'N390' ELSE 'R54X' END, NULL, '21', '1', '430', true, draw(p, 62) FROM last_stay AS l
UNION ALL SELECT mother, mother * 131072 + 61 * 2048 + (child - mother) * 2, NULL, 1, d.day,
    least(q.stop, d.day + 1 + (draw(child, 63) % 3)::INTEGER)::INTEGER,
    CASE WHEN d.twin THEN 'O300' WHEN chance(child, 64) < 0.28 THEN 'O829' ELSE 'O800' END,
    CASE WHEN chance(child, 64) < 0.28 THEN CASE WHEN chance(child, 65) < 0.45 THEN 'R179' ELSE 'R189' END ELSE 'R249' END,
    '31', '5', '501', false, draw(child, 66) FROM delivery AS d JOIN person AS q ON q.p = d.mother
UNION ALL SELECT p, p * 131072 + 62 * 2048, NULL, 1, birth, least(stop, birth + 1 + (draw(p, 67) % 3)::INTEGER)::INTEGER,
    CASE WHEN twin THEN 'Z383' ELSE 'Z380' END, NULL, '82', '1', '420', false, draw(p, 68) FROM person
    WHERE birth > getvariable('opens')
UNION ALL SELECT p, p * 131072 + 63 * 2048 + (row_number() OVER (PARTITION BY p ORDER BY code)) * 2, NULL, 1, day, day, code, NULL,
    '11', '2', '300', false, draw(p, 69) FROM canary_event WHERE feed = 'hospital';

-- Some long stays have a second consultant: two episodes, one stay. Faults are copies of a person's first stay.
CREATE OR REPLACE TEMP TABLE apc_episode AS
WITH faulty AS (
    SELECT s.* REPLACE (CASE WHEN l.fault IN ('duplicate_row', 'corrected_row') THEN key ELSE key + 1125899906842624 + l.nth * 4 END AS key,
            l.fault AS fault, CASE WHEN l.fault IN ('late_row', 'corrected_row') THEN 2 ELSE 1 END AS delivery,
            CASE l.fault WHEN 'after_death' THEN l.death + 30 WHEN 'absurd_date' THEN day - 76000 ELSE day END AS day,
            CASE l.fault WHEN 'after_death' THEN l.death + 33 WHEN 'absurd_date' THEN ends - 76000
                WHEN 'ends_before_start' THEN day - 12 ELSE ends END AS ends)
    FROM apc_stay AS s JOIN (SELECT *, row_number() OVER (PARTITION BY p ORDER BY fault) AS nth FROM plan
        WHERE feed = 'hospital' AND of_table = 'apc' AND (fault <> 'after_death' OR death IS NOT NULL)) AS l USING (p)
    QUALIFY row_number() OVER (PARTITION BY s.p, l.fault ORDER BY s.key) = 1 ORDER BY ALL
)
SELECT *, CASE WHEN goes_wrong(p, h) THEN 2 ELSE 0 END AS wrong FROM (
    SELECT *, 1 AS episode, CASE WHEN ends - day > 9 AND h % 3 = 0 AND fault IS NULL THEN day + (ends - day) // 2 ELSE ends END
        AS episode_ends FROM (SELECT * FROM apc_stay UNION ALL SELECT * FROM faulty)
    UNION ALL
    SELECT * REPLACE (key + 1 AS key, '400' AS specialty), 2, ends FROM apc_stay WHERE ends - day > 9 AND h % 3 = 0
) ORDER BY p, key, delivery, fault;

CREATE OR REPLACE TEMP VIEW hospital_apc_rows AS
SELECT delivery, e.key AS "EPIKEY", i.number AS "NHS_NUMBER", i.born AS "DATE_OF_BIRTH", i.postcode AS "POSTCODE",
    i.forename AS "FORENAME", i.surname AS "SURNAME", q.sex::VARCHAR AS "SEX", q.ethnic AS "ETHNOS",
    strftime(i.born, '%m%Y') AS "MYDOB", lsoa_text(CASE i.version WHEN 1 THEN q.old_lsoa ELSE q.lsoa END) AS "LSOA11",
    practice_text(q.practice) AS "GPPRAC", 'Z0' || q.trust AS "PROCODE3", 'Z0' || q.trust || '01' AS "SITETRET",
    as_day(e.day) AS "ADMIDATE", CASE e.fault WHEN 'unknown_code' THEN 'QQ' ELSE e.method END AS "ADMIMETH",
    CASE e.method WHEN '82' THEN '79' ELSE '19' END AS "ADMISORC", as_day(e.ends) AS "DISDATE",
    CASE WHEN e.died THEN '4' ELSE '1' END AS "DISMETH",
    CASE WHEN e.died THEN '79' WHEN e.diagnosis IN ('F03X', 'R54X') AND e.h % 4 = 0 THEN '85' ELSE '19' END AS "DISDEST",
    as_day(CASE e.episode WHEN 2 THEN e.day + (e.ends - e.day) // 2 ELSE e.day END) AS "EPISTART",
    as_day(e.episode_ends) AS "EPIEND", e.episode::INTEGER AS "EPIORDER", e.class AS "CLASSPAT",
    CASE e.fault WHEN 'corrected_row' THEN '300' ELSE e.specialty END AS "MAINSPEF", e.diagnosis AS "DIAG_4_01",
    other[1] AS "DIAG_4_02", other[2] AS "DIAG_4_03", other[3] AS "DIAG_4_04", other[4] AS "DIAG_4_05",
    e.operation AS "OPERTN_4_01", NULL::VARCHAR AS "OPERTN_4_02", NULL::VARCHAR AS "OPERTN_4_03",
    as_day(getvariable('closes') + CASE delivery WHEN 2 THEN 31 ELSE 0 END) AS "SUBDATE"
FROM (
    SELECT e.*, CASE WHEN diagnosed[1] < day THEN list_filter(diagnoses[1:5], lambda d, n: diagnosed[n] < day AND d <> diagnosis)
        ELSE [] END AS other
    FROM apc_episode AS e LEFT JOIN burden USING (p)
) AS e JOIN person AS q USING (p) JOIN identity_hospital AS i
    ON i.p = e.p AND i.version = CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END;

CREATE OR REPLACE TEMP TABLE op_appointment AS
WITH normal AS (
    SELECT p, p * 131072 + rule * 2048 + nth AS key, NULL AS fault, day, specialty, diagnosis, nth, every, h,
        CASE WHEN goes_wrong(p, h) THEN 2 ELSE 0 END AS wrong FROM op_event
)
SELECT * FROM normal
UNION ALL (SELECT n.* REPLACE (key + 1125899906842624 AS key, l.fault AS fault) FROM normal AS n JOIN plan AS l USING (p)
    WHERE l.feed = 'hospital' AND l.of_table = 'op' QUALIFY row_number() OVER (PARTITION BY n.p ORDER BY n.key) = 1)
ORDER BY p, key;

CREATE OR REPLACE TEMP VIEW hospital_op_rows AS
SELECT 1 AS delivery, key AS "ATTENDKEY", i.number AS "NHS_NUMBER", i.born AS "DATE_OF_BIRTH", i.postcode AS "POSTCODE",
    i.forename AS "FORENAME", i.surname AS "SURNAME", q.sex::VARCHAR AS "SEX", q.ethnic AS "ETHNOS",
    'Z0' || q.trust AS "PROCODE3", as_day(day) AS "APPTDATE",
    CASE WHEN e.fault = 'unknown_code' THEN 'Z' WHEN missed THEN '3' WHEN part(e.h, 1) < 0.05 THEN '2' WHEN part(e.h, 1) < 0.08 THEN '6'
        ELSE '5' END AS "ATTENDED",
    CASE WHEN nth = 0 THEN CASE WHEN missed THEN '4' ELSE '1' END WHEN missed THEN '5' ELSE '2' END AS "ATENTYPE",
    CASE WHEN nth = 0 THEN '1' WHEN day > 18350 AND part(e.h, 2) < 0.3 THEN '4' ELSE '2' END AS "FIRSTATT",
    CASE WHEN part(e.h, 0) < 0.35 THEN '1' ELSE '2' END AS "OUTCOME", specialty AS "TRETSPEF", specialty AS "MAINSPEF",
    CASE WHEN nth = 0 THEN '03' ELSE '11' END AS "REFSOURC",
    CASE WHEN specialty IN ('800', '370') THEN '3' WHEN part(e.h, 2) < 0.2 THEN '2' ELSE '1' END AS "PRIORITY",
    diagnosis AS "DIAG_4_01", NULL::VARCHAR AS "OPERTN_4_01"
FROM (SELECT *, part(h, 1) > 0.93 AS missed FROM op_appointment) AS e JOIN person AS q USING (p) JOIN identity_hospital AS i
    ON i.p = e.p AND i.version = CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END;
