-- Chance, without a generator's state: every draw is a hash of who, what for and the region's seed, so that any part of
-- the region can be made alone, in any order, and comes out the same.
CREATE MACRO draw(who, what_for) AS hash(who, what_for, getvariable('seed'));
CREATE MACRO draw_nth(who, what_for, nth) AS hash(who, what_for, nth, getvariable('seed'));
-- A hash as a number in [0, 1).
CREATE MACRO share(h) AS (h >> 11)::DOUBLE * 1.1102230246251565e-16;
CREATE MACRO chance(who, what_for) AS share(draw(who, what_for));
-- One of four independent numbers in [0, 1) within one hash, and what they give: close to a normal distribution.
CREATE MACRO part(h, nth) AS ((h >> (16 * nth)) & 65535)::DOUBLE / 65536.0;
CREATE MACRO bell(h) AS (part(h, 0) + part(h, 1) + part(h, 2) + part(h, 3) - 2.0) * 1.7320508;
-- A name of a list ordered from the most frequent on: the n-th comes about 1/n as often as the first.
CREATE MACRO by_rank(names, h) AS names[least(len(names), floor(exp(share(h) * ln(len(names) + 1)))::INTEGER)];
CREATE MACRO evenly(names, h) AS names[1 + (h % len(names)::UBIGINT)::INTEGER];
-- Days are counted from 1970; no engine type is needed until a row is written.
CREATE MACRO as_day(n) AS DATE '1970-01-01' + n::INTEGER;

-- NHS numbers from 9000000000 on, which are never issued. Of ten numbers with the same first eight digits nine at least
-- have a check digit, so of the ninth digits 2n and 2n+1 one always has: five numbers for each eight, no two alike.
CREATE MACRO weighed(first8) AS 10 * (first8 // 10000000) + 9 * (first8 // 1000000 % 10)
    + 8 * (first8 // 100000 % 10) + 7 * (first8 // 10000 % 10) + 6 * (first8 // 1000 % 10)
    + 5 * (first8 // 100 % 10) + 4 * (first8 // 10 % 10) + 3 * (first8 % 10);
CREATE MACRO check_digit(weight, ninth) AS (11 - (weight + 2 * ninth) % 11) % 11;
CREATE MACRO first_eight(nth) AS
    90000000 + ((nth % getvariable('spread')) * 6700417 + getvariable('seed')::BIGINT * 7919 + 1234567) % 10000000;
CREATE MACRO ninth_digit(nth, weight) AS 2 * (nth // getvariable('spread'))
    + CASE WHEN check_digit(weight, 2 * (nth // getvariable('spread'))) = 10 THEN 1 ELSE 0 END;
CREATE MACRO number_text(first8, ninth) AS
    (first8 * 100 + ninth * 10 + check_digit(weighed(first8), ninth))::VARCHAR;
CREATE MACRO nhs_number(nth) AS
    number_text(first_eight(nth), ninth_digit(nth, weighed(first_eight(nth))));

-- What goes wrong at a desk.
CREATE MACRO swapped(word, place) AS
    word[1:place - 1] || word[place + 1] || word[place] || word[place + 2:];
CREATE MACRO unequal_pairs(word) AS list_filter(range(1, len(word)), lambda i: word[i] <> word[i + 1]);
CREATE MACRO transposed(word, h) AS
    swapped(word, unequal_pairs(word)[1 + (h % len(unequal_pairs(word))::UBIGINT)::INTEGER]);
-- People whom hospitals mix up again and again, and whether this time: about 17 rows in 1000 in all.
CREATE MACRO muddled(p) AS chance(p, 39) < 0.2;
CREATE MACRO goes_wrong(p, h) AS muddled(p) AND h % 1000 < 85;
CREATE MACRO misspelt(word, h) AS CASE (h >> 8) % 3
    WHEN 0 THEN word[1:2] || word[4:]
    WHEN 1 THEN word[1:2] || word[2] || word[3:]
    ELSE word[1] || swapped(word[2:], 1 + (h % greatest(1, len(word) - 2)::UBIGINT)::INTEGER) END;
CREATE MACRO day_for_month(day) AS CASE WHEN day(as_day(day)) <= 12 AND day(as_day(day)) <> month(as_day(day))
    THEN make_date(year(as_day(day)), day(as_day(day)), month(as_day(day))) ELSE as_day(day + 9) END;

-- Places. Postcodes are of an area that does not exist, areas have codes above those in use.
CREATE MACRO postcode_text(n) AS 'ZX' || (1 + (n * 7919) % 97) || ' ' || (1 + (n * 7919) // 97 % 9)
    || 'ABDEFGHJLNPQRSTUWXYZ'[1 + (n * 7919) // 873 % 20] || 'ABDEFGHJLNPQRSTUWXYZ'[1 + (n * 7919) // 17460 % 20];
CREATE MACRO lsoa_of(postcode) AS (draw(postcode, 901) % getvariable('lsoas')::UBIGINT)::INTEGER;
CREATE MACRO decile_of(lsoa) AS 1 + (draw(lsoa, 902) % 10)::INTEGER;
CREATE MACRO lsoa_text(lsoa) AS 'E0' || (1900000 + lsoa);
CREATE MACRO practice_text(practice) AS 'Z' || (90000 + practice);
