-- Who the feeds say somebody is. A feed has a few versions of a person: right, right before the last move, and wrong in
-- one of the ways that happen. `fault` says which way; it is only ever written into the truth.
CREATE OR REPLACE TEMP TABLE identity_gp AS
SELECT p, fault, CASE fault WHEN 'missing_number' THEN NULL WHEN 'transposed_number' THEN transposed(nhs, h) ELSE nhs END
        AS number,
    CASE fault WHEN 'wrong_date' THEN day_for_month(birth) ELSE as_day(birth) END AS born,
    CASE fault WHEN 'misspelt_surname' THEN misspelt(surname, h) ELSE surname END AS surname
FROM (
    SELECT *, draw(p, 40) AS h, CASE WHEN chance(p, 41) < 0.001 THEN 'missing_number'
        WHEN chance(p, 41) < 0.002 THEN 'transposed_number' WHEN chance(p, 41) < 0.004 THEN 'wrong_date'
        WHEN chance(p, 41) < 0.007 THEN 'misspelt_surname' END AS fault
    FROM person
) ORDER BY p;

-- version 0: now; 1: before the move; 2: wrong (hospital), number missing (ambulance); 3: and a name is misspelt too.
CREATE OR REPLACE TEMP TABLE identity_hospital AS
SELECT p, version, fault, h,
    CASE fault WHEN 'missing_number' THEN NULL WHEN 'missing_number_and_misspelt' THEN NULL
        WHEN 'transposed_number' THEN transposed(nhs, h) WHEN 'superseded_number' THEN nhs_number(p + getvariable('people'))
        WHEN 'number_of_another' THEN nhs_number((p + 977) % getvariable('people')) ELSE nhs END AS number,
    CASE fault WHEN 'wrong_date' THEN day_for_month(birth) WHEN 'missing_date' THEN NULL
        WHEN 'placeholder_date' THEN DATE '1900-01-01' ELSE as_day(birth) END AS born,
    postcode_text(CASE WHEN version = 1 THEN old_postcode ELSE postcode END) AS postcode,
    CASE fault WHEN 'misspelt_forename' THEN misspelt(forename, h) ELSE forename END AS forename,
    CASE WHEN fault IN ('misspelt_surname', 'missing_number_and_misspelt') THEN misspelt(surname, h) ELSE surname END AS surname
FROM (
    SELECT *, draw(p, 42) AS h, CASE WHEN version < 2 THEN NULL ELSE
        ['missing_number', 'missing_number', 'missing_number', 'missing_number', 'missing_number', 'missing_number',
         'transposed_number', 'transposed_number', 'transposed_number', 'wrong_date', 'wrong_date', 'wrong_date',
         'missing_date', 'placeholder_date', 'misspelt_forename', 'misspelt_forename', 'misspelt_surname',
         'missing_number_and_misspelt', 'superseded_number', 'number_of_another'][1 + (draw(p, 43) % 20)::INTEGER] END AS fault
    FROM person CROSS JOIN (VALUES (0), (1), (2)) AS versions(version)
    WHERE version = 0 OR (version = 1 AND moved IS NOT NULL) OR (version = 2 AND muddled(p))
) ORDER BY p, version;

CREATE OR REPLACE TEMP TABLE identity_ambulance AS
SELECT p, version, CASE version WHEN 2 THEN 'missing_number' WHEN 3 THEN 'missing_number_and_misspelt' END AS fault,
    CASE WHEN version < 2 THEN nhs END AS number,
    CASE WHEN version = 3 AND h % 3 = 0 THEN NULL ELSE as_day(birth) END AS born,
    CASE WHEN version = 3 AND h % 5 = 0 THEN NULL
        ELSE postcode_text(CASE WHEN version = 1 THEN old_postcode ELSE postcode END) END AS postcode,
    forename, CASE WHEN version = 3 THEN misspelt(surname, h) ELSE surname END AS surname, sex
FROM (SELECT *, draw(p, 44) AS h FROM person CROSS JOIN (VALUES (0), (1), (2), (3)) AS versions(version)
    WHERE version <> 1 OR moved IS NOT NULL)
ORDER BY p, version;

-- Feeds with numbers of their own. Some people were registered twice by one provider: `again` is the second number.
CREATE OR REPLACE TEMP TABLE identity_local AS
SELECT p, feed, again, fault, letter || lpad((draw_nth(p, 45, again) % 1000000000000)::VARCHAR, 12, '0') || again AS local_id,
    CASE fault WHEN 'missing_number' THEN NULL WHEN 'transposed_number' THEN transposed(nhs, h) ELSE nhs END AS number,
    CASE fault WHEN 'wrong_date' THEN day_for_month(birth) ELSE as_day(birth) END AS born,
    CASE fault WHEN 'misspelt_surname' THEN misspelt(surname, h) ELSE surname END AS surname
FROM (
    SELECT *, draw_nth(p, 46, letter) AS h, CASE WHEN share(draw_nth(p, 47, letter || again)) < missing THEN 'missing_number'
        WHEN share(draw_nth(p, 47, letter || again)) < missing + 0.005 THEN 'transposed_number'
        WHEN share(draw_nth(p, 47, letter || again)) < missing + 0.012 THEN 'wrong_date'
        WHEN letter = 'S' AND share(draw_nth(p, 47, letter || again)) < missing + 0.03 THEN 'misspelt_surname' END AS fault
    FROM person
        CROSS JOIN (VALUES ('community', 'C', 0.02), ('mental_health', 'M', 0.04), ('social_care', 'S', 0.08))
            AS feeds(feed, letter, missing)
        CROSS JOIN (VALUES (0), (1)) AS numbers(again)
    WHERE again = 0 OR share(draw_nth(p, 48, letter)) < 0.01
) ORDER BY feed, p, again;
