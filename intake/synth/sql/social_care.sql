-- Adult social care: somebody asks, is assessed, gets a service, and is reviewed each year.
CREATE OR REPLACE TEMP TABLE social_care_activity AS
WITH happening AS (
    SELECT e.p, CASE WHEN i.p IS NULL THEN 0 ELSE rule % 2 END AS again, day, to_day, start, nth, every, reason, service, component, accommodation, finding, e.h, NULL AS fault,
        1 AS delivery, e.p * 131072 + rule * 2048 + nth * 4 AS key
    FROM social_care_event AS e LEFT JOIN identity_local AS i ON i.p = e.p AND i.feed = 'social_care' AND i.again = 1
), normal AS (
    SELECT 'Request' AS event, * REPLACE (greatest(start, day - 40) AS day) FROM happening WHERE nth = 0
    UNION ALL SELECT 'Assessment', * REPLACE (greatest(start, day - 15) AS day, key + 1 AS key) FROM happening WHERE nth = 0 AND every > 0
    UNION ALL SELECT 'Service', * REPLACE (key + 2 AS key) FROM happening WHERE nth = 0
    UNION ALL SELECT 'Review', * FROM happening WHERE nth > 0
)
SELECT * FROM normal
UNION ALL (SELECT n.* REPLACE (l.fault AS fault, CASE l.fault WHEN 'late_row' THEN 2 ELSE 1 END AS delivery,
        CASE l.fault WHEN 'duplicate_row' THEN key ELSE key + 1125899906842624 * length(l.fault) END AS key)
    FROM normal AS n JOIN plan AS l USING (p) WHERE l.feed = 'social_care'
    QUALIFY row_number() OVER (PARTITION BY n.p, l.fault ORDER BY n.key) = 1)
UNION ALL SELECT 'Assessment', p, 0, day, day, start, 0, 0, 'Unknown', NULL, NULL, 'Unknown', code, draw(p, 91), NULL, 1,
    4503599627370496 + p * 131072 + row_number() OVER (PARTITION BY p ORDER BY code) FROM canary_event JOIN person USING (p)
    WHERE feed = 'social_care'
ORDER BY p, key, delivery, fault;

CREATE OR REPLACE TEMP VIEW social_care_event_rows AS
SELECT delivery, '99' || q.authority AS "LA_Code", date_trunc('quarter', as_day(day))::DATE AS "Reporting_Period_Start_Date",
    (date_trunc('quarter', as_day(day)) + INTERVAL 3 MONTH - INTERVAL 1 DAY)::DATE AS "Reporting_Period_End_Date",
    i.local_id AS "Person_ID", i.number AS "NHS_Number", q.forename AS "Forename", i.surname AS "Surname", q.sex::VARCHAR AS "Sex",
    q.ethnic AS "Ethnicity", postcode_text(CASE WHEN day < q.moved THEN q.old_postcode ELSE q.postcode END) AS "Postcode",
    lsoa_text(CASE WHEN day < q.moved THEN q.old_lsoa ELSE q.lsoa END) AS "LSOA", year(i.born)::INTEGER AS "Der_Birth_Year",
    month(i.born)::INTEGER AS "Der_Birth_Month", as_day(q.death) AS "Date_of_Death",
    CASE WHEN a.fault = 'unknown_code' THEN 'Customer' WHEN service LIKE 'Carer%' THEN 'Carer' ELSE 'Service User' END AS "Client_Type",
    reason AS "Primary_Support_Reason", accommodation AS "Accommodation_Status",
    CASE WHEN part(h, 0) < 0.4 THEN 'Yes' WHEN part(h, 0) < 0.8 THEN 'No' ELSE 'Unknown' END AS "Has_Unpaid_Carer",
    finding AS "Reported_Health_Condition", 'E' || key AS "Event_Reference", event AS "Event_Type",
    CASE WHEN a.fault = 'missing_value' THEN NULL ELSE as_day(day) END AS "Event_Start_Date",
    CASE WHEN event <> 'Service' THEN as_day(day) WHEN to_day < getvariable('closes') - 90 THEN as_day(to_day) END AS "Event_End_Date",
    CASE event WHEN 'Request' THEN 'Progress to Assessment' WHEN 'Assessment' THEN 'Progress to Support Planning / Services'
        WHEN 'Review' THEN 'Continuation of Services Planned' END AS "Event_Outcome",
    CASE WHEN event = 'Service' THEN service END AS "Service_Type", CASE WHEN event = 'Service' THEN component END AS "Service_Component",
    CASE WHEN event = 'Service' THEN CASE WHEN part(h, 1) < 0.2 THEN 'Direct Payment Only' ELSE 'CASSR Commissioned Support' END END
        AS "Delivery_Mechanism"
FROM social_care_activity AS a JOIN person AS q USING (p) JOIN identity_local AS i
    ON i.p = a.p AND i.feed = 'social_care' AND i.again = a.again;
