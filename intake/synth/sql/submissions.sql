-- Providers of community and mental health services submit month by month. Two submissions are superseded: the first
-- provider corrected the last quarter in a later delivery; the second had corrected the quarter before in time, and its
-- first attempt arrives late. What only a first attempt holds was withdrawn.
CREATE OR REPLACE MACRO month_number(day) AS ((year(as_day(day)) - 1900) * 12 + month(as_day(day)) - 3)::INTEGER;
CREATE OR REPLACE MACRO resubmitted(provider, day) AS CASE
    WHEN provider = 1 AND day > getvariable('closes') - 92 THEN 'corrected later'
    WHEN provider = 2 AND day > getvariable('closes') - 184 AND day <= getvariable('closes') - 92 THEN 'first attempt late'
    ELSE 'once' END;
CREATE OR REPLACE TEMP TABLE submission AS FROM (VALUES ('once', 1, 1), ('corrected later', 1, 1), ('corrected later', 2, 2),
    ('first attempt late', 1, 2), ('first attempt late', 2, 1)) AS rows(story, delivery, attempt);
CREATE OR REPLACE MACRO submission_number(provider, month, attempt) AS (month::BIGINT * 100 + provider) * 10 + attempt;
