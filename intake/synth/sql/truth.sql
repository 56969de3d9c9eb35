-- What nobody in the region is told: who is who, what was planted.
CREATE OR REPLACE TEMP VIEW truth_person AS
SELECT p AS person, nhs AS nhs_number, forename, surname, as_day(birth) AS date_of_birth, sex, ethnic,
    postcode_text(postcode) AS postcode, lsoa_text(lsoa) AS lsoa, decile AS deprivation_decile,
    CASE WHEN moved IS NOT NULL THEN postcode_text(old_postcode) END AS postcode_before, as_day(moved) AS moved,
    practice_text(practice) AS practice, household, twin, as_day(death) AS date_of_death, smoker,
    coalesce(held, 0) AS conditions FROM person LEFT JOIN burden USING (p);

CREATE OR REPLACE TEMP VIEW truth_identity_gp AS
SELECT number AS "NHS_NUMBER", p AS true_person, fault FROM identity_gp;

CREATE OR REPLACE TEMP VIEW truth_identity_hospital AS
SELECT number AS "NHS_NUMBER", born AS "DATE_OF_BIRTH", i.postcode AS "POSTCODE", i.forename AS "FORENAME", i.surname AS "SURNAME",
    sex::VARCHAR AS "SEX", p AS true_person, i.fault, used.rows AS rows
FROM identity_hospital AS i JOIN person AS q USING (p) JOIN (
    SELECT p, version, sum(n)::BIGINT AS rows FROM (
        SELECT p, CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END AS version, count(*) AS n
            FROM apc_episode AS e JOIN person AS q USING (p) GROUP BY ALL
        UNION ALL SELECT p, CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END, count(*)
            FROM op_appointment AS e JOIN person AS q USING (p) GROUP BY ALL
        UNION ALL SELECT p, CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END, count(*)
            FROM ecds_attendance AS e JOIN person AS q USING (p) GROUP BY ALL
    ) GROUP BY ALL
) AS used USING (p, version) ORDER BY p, version;

CREATE OR REPLACE TEMP VIEW truth_identity_ambulance AS
SELECT number AS "NHS Number", born AS "Date of Birth", postcode AS "Postcode", forename AS "Forename", surname AS "Surname",
    sex::VARCHAR AS "Sex", p AS true_person, fault, used.rows AS rows
FROM identity_ambulance JOIN (
    SELECT p, CASE WHEN wrong > 0 THEN wrong WHEN e.day < q.moved THEN 1 ELSE 0 END AS version, count(*) AS rows
    FROM ambulance_call AS e JOIN person AS q USING (p) GROUP BY ALL
) AS used USING (p, version) ORDER BY p, version;

CREATE OR REPLACE TEMP VIEW truth_identity_community AS
SELECT 'ZC' || community AS "OrgID_Prov", local_id AS "Person_ID", p AS true_person, fault
FROM identity_local JOIN person USING (p) SEMI JOIN community_sent USING (p, again) WHERE feed = 'community' ORDER BY p, again;

CREATE OR REPLACE TEMP VIEW truth_identity_mental_health AS
SELECT 'ZM' || mental AS "OrgIDProv", local_id AS "Person_ID", p AS true_person, fault
FROM identity_local JOIN person USING (p) SEMI JOIN mental_health_sent USING (p, again) WHERE feed = 'mental_health' ORDER BY p, again;

CREATE OR REPLACE TEMP VIEW truth_identity_social_care AS
SELECT '99' || authority AS "LA_Code", local_id AS "Person_ID", p AS true_person, fault
FROM identity_local JOIN person USING (p) SEMI JOIN social_care_activity USING (p, again) WHERE feed = 'social_care' ORDER BY p, again;

CREATE OR REPLACE TEMP VIEW truth_fault AS
SELECT p AS person, fault, feed, of_table, delivery, key FROM (
    SELECT p, fault, 'gp' AS feed, 'journal' AS of_table, delivery, NULL AS key FROM gp_extra
    UNION ALL SELECT p, fault, 'hospital', 'apc', delivery, key::VARCHAR FROM apc_episode WHERE episode = 1
    UNION ALL SELECT p, fault, 'hospital', 'op', 1, key::VARCHAR FROM op_appointment
    UNION ALL SELECT p, fault, 'hospital', 'ecds', 1, key::VARCHAR FROM ecds_attendance
    UNION ALL SELECT p, fault, 'community', 'care_contact', delivery, item FROM community_sent
    UNION ALL SELECT p, fault, 'mental_health', 'care_contact', delivery, item FROM mental_health_sent
    UNION ALL SELECT p, fault, 'social_care', 'event', delivery, 'E' || key FROM social_care_activity
    UNION ALL SELECT p, fault, 'ambulance', 'call', delivery, call FROM ambulance_call
) WHERE fault IS NOT NULL ORDER BY feed, of_table, fault, person, key;
