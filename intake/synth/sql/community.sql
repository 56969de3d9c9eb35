-- Community services: contacts of people in care, the referrals they began with, and who was in contact in the month.
CREATE OR REPLACE TEMP TABLE community_activity AS
WITH contact AS (
    SELECT e.p, CASE WHEN i.p IS NULL THEN 0 ELSE rule % 2 END AS again, community AS provider, 'Q' || e.p || '-' || rule AS request,
        'T' || e.p || '-' || rule || '-' || nth AS item, day, e.birth, e.start, minutes, team, source, finding, nth, e.h,
        NULL AS fault
    FROM community_event AS e LEFT JOIN identity_local AS i ON i.p = e.p AND i.feed = 'community' AND i.again = 1
)
SELECT 'contact' AS kind, * FROM contact
UNION ALL SELECT 'contact', * REPLACE (item || 'W' AS item, 'withdrawn_row' AS fault) FROM contact
    WHERE resubmitted(provider, day) <> 'once' AND h % 7 = 0
UNION ALL SELECT 'referral', * REPLACE (greatest(start, day - 14) AS day) FROM contact WHERE nth = 0
UNION ALL (SELECT 'contact', c.* REPLACE (item || 'O' AS item, l.fault AS fault) FROM contact AS c JOIN plan AS l USING (p)
    WHERE l.feed = 'community' QUALIFY row_number() OVER (PARTITION BY c.p ORDER BY item) = 1)
UNION ALL SELECT 'contact', p, 0, community, NULL, 'T' || p || '-' || code, day, birth, start, 20, '99', '99', code, 0,
    draw(p, 81), NULL FROM canary_event JOIN person USING (p) WHERE feed = 'community';

CREATE OR REPLACE TEMP TABLE community_sent AS
SELECT a.*, i.local_id, month_number(day) AS month, delivery, submission_number(provider, month_number(day), attempt) AS number
FROM community_activity AS a JOIN submission AS s ON s.story = CASE WHEN a.fault = 'orphan' THEN 'once' ELSE resubmitted(provider, day) END
    JOIN identity_local AS i ON i.p = a.p AND i.feed = 'community' AND i.again = a.again
WHERE a.fault IS NULL OR a.fault <> 'withdrawn_row' OR attempt = 1
ORDER BY p, kind, item, delivery;

CREATE OR REPLACE TEMP VIEW community_mpi_rows AS
SELECT s.delivery, 'ZC' || s.provider AS "OrgID_Prov", s.month AS "UniqMonthID", s.number AS "UniqueSubmissionID",
    (hash(s.p, s.number) % 1000000000000)::BIGINT AS "RecordNumber", s.local_id AS "Person_ID", i.number AS "NHSNumber",
    i.born AS "PersonBirthDate", q.sex::VARCHAR AS "Gender", q.ethnic AS "EthnicCategory",
    postcode_text(CASE WHEN s.day < q.moved THEN q.old_postcode ELSE q.postcode END) AS "Postcode",
    lsoa_text(CASE WHEN s.day < q.moved THEN q.old_lsoa ELSE q.lsoa END) AS "LSOA2011"
FROM (
    SELECT p, again, provider, month, number, delivery, local_id, min(day) AS day FROM community_sent
    WHERE fault IS NULL OR fault <> 'orphan' GROUP BY ALL
) AS s JOIN person AS q USING (p) JOIN identity_local AS i ON i.p = s.p AND i.feed = 'community' AND i.again = s.again
ORDER BY s.p, s.number, s.local_id;

CREATE OR REPLACE TEMP VIEW community_referral_rows AS
SELECT delivery, 'ZC' || provider AS "OrgID_Prov", month AS "UniqMonthID", number AS "UniqueSubmissionID",
    (hash(request, number) % 1000000000000)::BIGINT AS "RecordNumber", local_id AS "Person_ID", request AS "ServiceRequestID",
    as_day(day) AS "ReferralRequest_ReceivedDate", source AS "SourceOfReferral", team AS "TeamType"
FROM community_sent WHERE kind = 'referral';

CREATE OR REPLACE TEMP VIEW community_care_contact_rows AS
SELECT delivery, 'ZC' || provider AS "OrgID_Prov", month AS "UniqMonthID", number AS "UniqueSubmissionID",
    (hash(item, number) % 1000000000000)::BIGINT AS "RecordNumber",
    CASE WHEN fault = 'orphan' THEN 'X' || local_id ELSE local_id END AS "Person_ID", request AS "ServiceRequestID",
    item AS "CareContactID", as_day(day) AS "Contact_Date", TIME '08:00:00' + to_minutes((part(h, 2) * 600)::BIGINT) AS "Contact_Time",
    (minutes + (part(h, 0) * 20)::INTEGER)::INTEGER AS "CareContact_Duration",
    CASE WHEN part(h, 1) < 0.05 THEN '3' WHEN part(h, 1) < 0.08 THEN '2' ELSE '5' END AS "AttendanceStatus",
    ((day - birth) // 365.25)::INTEGER AS "AgeYr_Contact_Date", finding AS "Finding_SNOMED_CT"
FROM community_sent WHERE kind = 'contact';
