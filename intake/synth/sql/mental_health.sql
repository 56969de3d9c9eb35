-- Mental health services: contacts, the referrals and diagnoses they began with, and stays in hospital of the worst.
CREATE OR REPLACE TEMP TABLE mental_health_activity AS
WITH contact AS (
    SELECT e.p, CASE WHEN i.p IS NULL THEN 0 ELSE rule % 2 END AS again, mental AS provider, 'Q' || e.p || '-' || rule AS request,
        'T' || e.p || '-' || rule || '-' || nth AS item, day, e.start, stop, to_day, diagnosis, reason, source, spell, nth, e.h,
        NULL AS fault
    FROM mental_health_event AS e LEFT JOIN identity_local AS i ON i.p = e.p AND i.feed = 'mental_health' AND i.again = 1
)
SELECT 'contact' AS kind, * FROM contact
UNION ALL SELECT 'contact', * REPLACE (item || 'W' AS item, 'withdrawn_row' AS fault) FROM contact
    WHERE resubmitted(provider, day) <> 'once' AND h % 7 = 0
UNION ALL SELECT 'referral', * REPLACE (greatest(start, day - 14) AS day) FROM contact WHERE nth = 0
UNION ALL SELECT 'diagnosis', * FROM contact WHERE nth = 0
UNION ALL SELECT 'spell', * REPLACE ('S' || item AS item) FROM contact WHERE part(h, 2) < spell * 0.03
UNION ALL (SELECT 'contact', c.* REPLACE (item || 'O' AS item, l.fault AS fault) FROM contact AS c JOIN plan AS l USING (p)
    WHERE l.feed = 'mental_health' QUALIFY row_number() OVER (PARTITION BY c.p ORDER BY item) = 1)
UNION ALL SELECT 'diagnosis', p, 0, mental, 'Q' || p || '-' || code, NULL, day, start, stop, stop, code, NULL, NULL, 0, 0,
    draw(p, 82), NULL FROM canary_event JOIN person USING (p) WHERE feed = 'mental_health';

CREATE OR REPLACE TEMP TABLE mental_health_sent AS
SELECT a.*, i.local_id, month_number(day) AS month, delivery, submission_number(provider, month_number(day), attempt) AS number
FROM mental_health_activity AS a
    JOIN submission AS s ON s.story = CASE WHEN a.fault = 'orphan' THEN 'once' ELSE resubmitted(provider, day) END
    JOIN identity_local AS i ON i.p = a.p AND i.feed = 'mental_health' AND i.again = a.again
WHERE a.fault IS NULL OR a.fault <> 'withdrawn_row' OR attempt = 1
ORDER BY p, kind, item, delivery;

CREATE OR REPLACE TEMP VIEW mental_health_mpi_rows AS
SELECT s.delivery, 'ZM' || s.provider AS "OrgIDProv", s.month AS "UniqMonthID", s.number AS "UniqSubmissionID",
    s.local_id AS "Person_ID", i.number AS "NHSNumber", i.born AS "PersonBirthDate", q.sex::VARCHAR AS "Gender",
    q.ethnic AS "EthnicCategory", postcode_text(CASE WHEN s.day < q.moved THEN q.old_postcode ELSE q.postcode END) AS "Postcode",
    lsoa_text(CASE WHEN s.day < q.moved THEN q.old_lsoa ELSE q.lsoa END) AS "LSOA2011"
FROM (
    SELECT p, again, provider, month, number, delivery, local_id, min(day) AS day FROM mental_health_sent
    WHERE fault IS NULL OR fault <> 'orphan' GROUP BY ALL
) AS s JOIN person AS q USING (p) JOIN identity_local AS i ON i.p = s.p AND i.feed = 'mental_health' AND i.again = s.again
ORDER BY s.p, s.number, s.local_id;

CREATE OR REPLACE TEMP VIEW mental_health_referral_rows AS
SELECT delivery, 'ZM' || provider AS "OrgIDProv", month AS "UniqMonthID", number AS "UniqSubmissionID", local_id AS "Person_ID",
    request AS "UniqServReqID", as_day(day) AS "ReferralRequestReceivedDate", source AS "SourceOfReferralMH",
    reason AS "PrimReasonReferralMH", CASE WHEN to_day < getvariable('closes') - 30 THEN as_day(to_day) END AS "ServDischDate"
FROM mental_health_sent WHERE kind = 'referral';

CREATE OR REPLACE TEMP VIEW mental_health_care_contact_rows AS
SELECT delivery, 'ZM' || provider AS "OrgIDProv", month AS "UniqMonthID", number AS "UniqSubmissionID",
    CASE WHEN fault = 'orphan' THEN 'X' || local_id ELSE local_id END AS "Person_ID", request AS "UniqServReqID",
    item AS "UniqCareContID", as_day(day) AS "CareContDate",
    CASE WHEN part(h, 1) < 0.14 THEN '3' WHEN part(h, 1) < 0.2 THEN '2' ELSE '5' END AS "AttendStatus"
FROM mental_health_sent WHERE kind = 'contact';

CREATE OR REPLACE TEMP VIEW mental_health_spell_rows AS
SELECT delivery, 'ZM' || provider AS "OrgIDProv", month AS "UniqMonthID", number AS "UniqSubmissionID", local_id AS "Person_ID",
    request AS "UniqServReqID", item AS "HospProvSpellID", as_day(day) AS "StartDateHospProvSpell",
    as_day(least(stop, day + 5 + (part(h, 0) * part(h, 0) * 120)::INTEGER)) AS "DischDateHospProvSpell"
FROM mental_health_sent WHERE kind = 'spell';

CREATE OR REPLACE TEMP VIEW mental_health_diagnosis_rows AS
SELECT delivery, 'ZM' || provider AS "OrgIDProv", month AS "UniqMonthID", number AS "UniqSubmissionID", local_id AS "Person_ID",
    request AS "UniqServReqID", as_day(day) AS "CodedDiagTimestamp", diagnosis AS "PrimDiag"
FROM mental_health_sent WHERE kind = 'diagnosis';
