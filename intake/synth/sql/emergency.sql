-- Emergency departments and the ambulance service: what emergency stays began with, and what led to no stay.
CREATE OR REPLACE TEMP TABLE ecds_attendance AS
WITH normal AS (
    SELECT p, p * 131072 + rule * 2048 + nth * 2 AS key, NULL AS fault, day, complaint, diagnosis, acuity, false AS admitted, h
    FROM ecds_event
    UNION ALL SELECT p, key + 281474976710656, NULL, day, CASE diagnosis WHEN 'I219' THEN '29857009' WHEN 'R074' THEN '29857009'
            WHEN 'S720' THEN '1912002' WHEN 'R54X' THEN '1912002' WHEN 'T149' THEN '417163006' WHEN 'I639' THEN '3006004'
            WHEN 'G409' THEN '91175000' WHEN 'K359' THEN '21522001' WHEN 'F03X' THEN '1912002' WHEN 'E111' THEN '3006004'
            WHEN 'E101' THEN '3006004' ELSE '267036007' END,
        CASE diagnosis WHEN 'I219' THEN '22298006' WHEN 'S720' THEN '5370000' WHEN 'J189' THEN '233604007' WHEN 'I639' THEN '230690007'
            WHEN 'J441' THEN '13645005' WHEN 'J440' THEN '13645005' WHEN 'I500' THEN '84114007' WHEN 'N390' THEN '68566005'
            WHEN 'I48X' THEN '49436004' WHEN 'J459' THEN '195967001' WHEN 'G409' THEN '84757009' WHEN 'K359' THEN '74400008'
            WHEN 'T149' THEN '417163006' WHEN 'R074' THEN '29857009' WHEN 'R54X' THEN '248279007' WHEN 'F03X' THEN '52448006'
            WHEN 'E111' THEN '44054006' WHEN 'E101' THEN '46635009' END,
        CASE WHEN died OR diagnosis IN ('I219', 'I639') THEN '1064891000000107' ELSE '1064911000000105' END, true, h
    FROM apc_stay WHERE method = '21' AND fault IS NULL
)
SELECT *, CASE WHEN goes_wrong(p, h // 1000) THEN 2 ELSE 0 END AS wrong,
    -- By ambulance: nearly all in danger of life, few with a headache.
    part(h, 1) < CASE acuity WHEN '1064891000000107' THEN 0.9 WHEN '1064911000000105' THEN 0.55 WHEN '1064901000000108' THEN 0.25
        ELSE 0.05 END AS by_ambulance
FROM (
    SELECT * FROM normal
    UNION ALL (SELECT n.* REPLACE (CASE l.fault WHEN 'duplicate_row' THEN key ELSE key + 1125899906842624 END AS key, l.fault AS fault)
        FROM normal AS n JOIN plan AS l USING (p) WHERE l.feed = 'hospital' AND l.of_table = 'ecds'
        QUALIFY row_number() OVER (PARTITION BY n.p, l.fault ORDER BY n.key) = 1)
) ORDER BY p, key, fault;

CREATE OR REPLACE TEMP VIEW hospital_ecds_rows AS
SELECT 1 AS delivery, key AS "EC_Ident", i.number AS "NHS_NUMBER", i.born AS "DATE_OF_BIRTH", i.postcode AS "POSTCODE",
    i.forename AS "FORENAME", i.surname AS "SURNAME", q.sex::VARCHAR AS "Sex", q.ethnic AS "Ethnic_Category",
    CASE WHEN e.fault = 'out_of_bounds' THEN 999 ELSE (day - q.birth) // 365.25 END::INTEGER AS "Age_At_Arrival",
    'Z0' || q.trust AS "Der_Provider_Code", CASE WHEN acuity IN ('1077241000000103', '1077251000000100') THEN '03' ELSE '01' END
        AS "EC_Department_Type", CASE WHEN part(e.h, 2) < 0.04 THEN '3' ELSE '1' END AS "EC_AttendanceCategory",
    as_day(day) + to_minutes((part(e.h, 2) * 1439)::BIGINT) AS "Der_EC_Arrival_Date_Time",
    CASE WHEN by_ambulance THEN '1048031000000100' WHEN part(e.h, 0) < 0.15 THEN '1048061000000105' ELSE '1048071000000103' END
        AS "EC_Arrival_Mode_SNOMED_CT", acuity AS "EC_Acuity_SNOMED_CT", complaint AS "EC_Chief_Complaint_SNOMED_CT",
    CASE WHEN part(e.h, 3) < 0.06 THEN diagnosis || ',417163006' ELSE diagnosis END AS "Der_EC_Diagnosis_All",
    CASE WHEN NOT admitted AND part(e.h, 3) > 0.97 THEN '1066301000000103' ELSE '182992009' END AS "EC_Discharge_Status_SNOMED_CT"
FROM ecds_attendance AS e JOIN person AS q USING (p) JOIN identity_hospital AS i
    ON i.p = e.p AND i.version = CASE WHEN wrong = 2 THEN 2 WHEN e.day < q.moved THEN 1 ELSE 0 END;

CREATE OR REPLACE TEMP TABLE ambulance_call AS
WITH normal AS (
    SELECT p, '1' || key AS call, NULL AS fault, 1 AS delivery, day, complaint, CASE acuity WHEN '1064891000000107' THEN 'Category 1'
        WHEN '1064911000000105' THEN 'Category 2' ELSE 'Category 3' END AS category, 'See, Treat and Convey' AS treatment, h
    FROM ecds_attendance WHERE by_ambulance AND fault IS NULL
    UNION ALL SELECT p, '2' || (p * 131072 + rule * 2048 + nth), NULL, 1, day, complaint, category,
        CASE WHEN part(h, 1) < 0.3 THEN 'Hear and Treat' ELSE 'See and Treat' END, h FROM ambulance_event
)
SELECT *, CASE WHEN h % 100 < 12 THEN 2 WHEN h % 100 < 20 THEN 3 ELSE 0 END AS wrong FROM (
    SELECT * FROM normal
    UNION ALL (SELECT n.* REPLACE (CASE l.fault WHEN 'duplicate_row' THEN call ELSE call || 'F' || length(l.fault) END AS call,
            l.fault AS fault, CASE l.fault WHEN 'late_row' THEN 2 ELSE 1 END AS delivery)
        FROM normal AS n JOIN plan AS l USING (p) WHERE l.feed = 'ambulance'
        QUALIFY row_number() OVER (PARTITION BY n.p, l.fault ORDER BY n.call) = 1)
)
UNION ALL SELECT p, '3' || p || '-' || code, NULL, 1, day, code, 'Category 3', 'See and Treat', draw(p, 71), 0
    FROM canary_event WHERE feed = 'ambulance'
ORDER BY p, call, delivery, fault;

CREATE OR REPLACE TEMP VIEW ambulance_call_rows AS
SELECT delivery, 'ZYA' AS "Provider Organisation Code", as_day(day) AS "Call Date", call AS "Call Identifier",
    CASE treatment WHEN 'Hear and Treat' THEN 'H01' END AS "Stop Codes",
    as_day(day) + to_seconds((part(e.h, 2) * 86000)::BIGINT) AS "Time Call Connected",
    as_day(day) + to_seconds((part(e.h, 2) * 86000)::BIGINT + 40 + (part(e.h, 0) * 200)::BIGINT) AS "Time Dispatch Code Established",
    CASE WHEN e.fault = 'unknown_code' THEN 'Category 9' ELSE category END AS "Reporting Response Category",
    treatment AS "Treatment Type", complaint AS "Chief Complaint", i.number AS "NHS Number", i.forename AS "Forename",
    i.surname AS "Surname", i.born AS "Date of Birth", i.sex::VARCHAR AS "Sex", i.postcode AS "Postcode",
    CASE WHEN part(e.h, 3) < 0.2 THEN 'Caller ' || i.forename || ', key safe at the door, 07700 900' || (100 + e.h % 900) END
        AS "Call Notes"
FROM ambulance_call AS e JOIN person AS q USING (p) JOIN identity_ambulance AS i
    ON i.p = e.p AND i.version = CASE WHEN wrong > 0 THEN wrong WHEN e.day < q.moved THEN 1 ELSE 0 END;
