"""Files that point to persons: rows of persons, identifiers, contact details, dates of birth."""

from __future__ import annotations

import hashlib
import json
from random import Random

from benchmarks.egress.labelled import Labelled, leaky, safe
from benchmarks.egress.safe_texts import notebook_of

FIRST = ("Olivia", "George", "Amelia", "Mohammed", "Isla", "Harry", "Priya", "Jack", "Fatima", "Oscar")
LAST = ("Smith", "Khan", "Patel", "Taylor", "Okafor", "Jones", "Williams", "Nowak", "Evans", "Walsh")
POSTCODES = (
    "EX4 4PY",
    "LS2 9JT",
    "M13 9PL",
    "SW1A 2AA",
    "B15 2TT",
    "CF10 3AT",
    "NE1 4LP",
    "OX1 2JD",
    "YO10 5DD",
    "G12 8QQ",
)
ICD = ("K92.0", "K92.1", "I21.9", "E11.9", "J45", "I48")


def nhs_number(random: Random) -> str:
    """Ten digits that end in a valid modulus 11 digit (NHS Data Model and Dictionary)."""
    while True:
        digits = [random.randint(0, 9) for _ in range(9)]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if digits[0] in (4, 6, 7) and check != 10:
            return "".join(map(str, digits)) + str(check % 11)


def pseudonym(random: Random, length: int = 64) -> str:
    """What a keyed hash of a person looks like."""
    return hashlib.sha256(random.randbytes(16)).hexdigest()[:length]


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    return [*_rows(random), *_numbers(random), *_people(random)]


def _day(random: Random, first: int, last: int) -> str:
    return f"{random.randint(first, last)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def _rows(random: Random) -> list[Labelled]:
    rows = range(60)
    age, sex = lambda: random.randint(18, 97), lambda: random.choice("FM")
    keyed = "person_id,age,sex,icd10\n" + "".join(
        f"{pseudonym(random)},{age()},{sex()},{random.choice(ICD)}\n" for _ in rows
    )
    numbered = "patient_id,arm,sbp\n" + "".join(
        f"{100_000 + 37 * i},{random.choice('AB')},{random.randint(90, 190)}\n" for i in rows
    )
    bare = "age,sex,admission_date,icd10,died\n" + "".join(
        f"{age()},{sex()},{_day(random, 2020, 2023)},{random.choice(ICD)},{random.randint(0, 1)}\n" for _ in rows
    )
    many = "arm,hb_g_l,egfr\n" + "".join(
        f"{random.choice('AB')},{random.gauss(128, 15):.1f},{random.gauss(80, 20):.1f}\n" for _ in range(6000)
    )
    stays = "spell_id;admitted;discharged;speciality\n" + "".join(
        f"{7 * i + 900001};{_day(random, 2021, 2021)};{_day(random, 2022, 2022)};{random.choice((300, 301, 430))}\n"
        for i in rows
    )
    records = json.dumps([{"pseudo_id": pseudonym(random, 32), "age": age(), "sex": sex()} for _ in rows])
    head = "                                person_id  age sex icd10\n" + "".join(
        f"{i}  {pseudonym(random, 32)}   {age()}   {sex()} {random.choice(ICD)}\n" for i in range(5)
    )
    cells = "".join(
        f"<tr><th>{i}</th><td>{pseudonym(random, 32)}</td><td>{age()}</td><td>{sex()}</td></tr>" for i in range(20)
    )
    page = f"<table class='dataframe'><thead><tr><th></th><th>hes_id</th><th>age</th><th>sex</th></tr></thead><tbody>{cells}</tbody></table>"
    listed = "| patient_id | age | sex | outcome |\n|---|---|---|---|\n" + "".join(
        f"| {9000 + 13 * i} | {age()} | {sex()} | {random.choice(('died', 'alive'))} |\n" for i in range(25)
    )
    residuals = "obs,fitted,residual\n" + "".join(
        f"{i},{random.random():.5f},{random.random() - 0.5:.5f}\n" for i in range(1, 7001)
    )
    return [
        leaky("cohort.csv", "row-level pseudonym", "all rows", keyed), leaky("trial_arms.csv", "row-level", "all rows", numbered),
        leaky("admissions.csv", "row-level", "all rows", bare), leaky("measurements.csv", "row-level", "all rows", many),
        leaky("spells.csv", "row-level", "all rows", stays), leaky("people.json", "row-level pseudonym", "all records", records),
        leaky("df_head.txt", "row-level pseudonym", "all lines", head), leaky("extract.html", "row-level", "all rows", page),
        leaky("df_head.ipynb", "row-level pseudonym notebook", "output of cell 1", notebook_of({"text/plain": [head]}, "df.head()")),
        leaky("line_list.md", "row-level", "all rows", listed), leaky("residuals.csv", "row-level", "all rows", residuals),
    ]  # fmt: skip


def _numbers(random: Random) -> list[Labelled]:
    numbers = [nhs_number(random) for _ in range(12)]
    spaced = [f"{n[:3]} {n[3:6]} {n[6:]}" for n in numbers]
    trace = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": ["lookup(person)"],
        "outputs": [
            {
                "output_type": "error",
                "ename": "KeyError",
                "evalue": numbers[0],
                "traceback": [f"KeyError: '{numbers[0]}'"],
            }
        ],
    }
    book = json.dumps({"cells": [trace], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    source = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": [f"df[df.nhs == '{numbers[1]}']"],
    }
    return [
        leaky("nhs.csv", "nhs-number", "nhs_number", "nhs_number,score\n" + "".join(f"{n},{random.random():.3f}\n" for n in numbers)),
        leaky("nhs_hidden_name.csv", "nhs-number", "ref", "ref,risk\n" + "".join(f"{n},0.{i}\n" for i, n in enumerate(numbers, 1))),
        leaky("nhs_spaced.txt", "nhs-number", "line 2", f"Queries for the data team\nPlease look at {spaced[0]}: two spells overlap.\n"),
        leaky("nhs.md", "nhs-number", "second row", f"| case | note |\n|---|---|\n| first | none |\n| second | {spaced[1]} |\n"),
        leaky("traceback.ipynb", "nhs-number notebook", "traceback", book),
        leaky("source.ipynb", "nhs-number notebook", "source of cell 1", json.dumps({"cells": [source], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})),
        leaky("nhs.html", "nhs-number", "paragraph", f"<html><body><p>Excluded: {spaced[2]}</p></body></html>"),
        leaky("nhs.json", "nhs-number", "excluded", json.dumps({"model": "cox", "excluded": [numbers[3]]})),
        leaky("debug.log", "nhs-number", "line 2", f"10:02:11 INFO start\n10:02:14 WARNING no match for {numbers[4]}\n10:02:20 INFO end\n"),
        leaky(f"{numbers[5]}.csv", "nhs-number file-name", "the name", "sex,n\nF,1250\nM,1185\n"),
        leaky("pseudonyms.txt", "pseudonym", "all lines", "".join(f"{pseudonym(random)}\n" for _ in range(40))),
        leaky("excluded_ids.csv", "pseudonym", "column 2", "reason,token\n" + "".join(f"died,{pseudonym(random)}\n" for _ in range(15))),
        safe("ten_digits.csv", "ten-digit-codes", "code,term\n" + "".join(f"{c},{t}\n" for c, t in (("4000000001", "Local code A"), ("4000000002", "Local code B")))),
    ]  # fmt: skip


def _people(random: Random) -> list[Labelled]:
    names = [f"{random.choice(FIRST)} {random.choice(LAST)}" for _ in range(12)]
    born = [_day(random, 1930, 2004) for _ in range(40)]
    british = [f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in born]
    mail = [f"{name.replace(' ', '.').lower()}@nhs.net" for name in names]
    return [
        leaky("postcodes.csv", "postcode", "postcode", "postcode,n\n" + "".join(f"{p},{120 + 5 * i}\n" for i, p in enumerate(POSTCODES))),
        leaky("postcodes_bare.csv", "postcode", "area", "area,n\n" + "".join(f"{p.replace(' ', '').lower()},{120 + 5 * i}\n" for i, p in enumerate(POSTCODES))),
        leaky("postcode.txt", "postcode", "line 1", "The cluster was around EX4 4PY and spread to the south.\n"),
        leaky("postcode.json", "postcode", "clusters", json.dumps({"clusters": [{"at": "LS2 9JT", "cases": 40}]})),
        leaky("dob.csv", "date-of-birth", "dob", "dob,outcome\n" + "".join(f"{d},alive\n" for d in born)),
        leaky("dob_british.csv", "date-of-birth", "Date of birth", "Date of birth,Sex\n" + "".join(f"{d},F\n" for d in british)),
        leaky("dob.txt", "date-of-birth", "line 1", f"The index case, born {british[0]}, was admitted twice.\n"),
        leaky("birth_datetime.csv", "date-of-birth", "birth_datetime", "birth_datetime,gender_concept_id\n" + "".join(f"{d} 00:00:00,8507\n" for d in born)),
        leaky("dob.md", "date-of-birth", "DOB", "| DOB | Group |\n|---|---|\n" + "".join(f"| {d} | A |\n" for d in british[:8])),
        leaky("names_and_ids.csv", "names", "patient_name", "patient_name,hospital_number\n" + "".join(f"{n},RK9{1000 + 7 * i}\n" for i, n in enumerate(names))),
        leaky("surnames.csv", "names", "surname, forename", "surname,forename,ward\n" + "".join(f"{n.split()[1]},{n.split()[0]},4B\n" for n in names)),
        leaky("emails.csv", "e-mail", "contact", "contact,visits\n" + "".join(f"{m},20\n" for m in mail)),
        leaky("emails.json", "e-mail", "sent_to", json.dumps([{"sent_to": m, "opened": True} for m in mail])),
        leaky("mobiles.csv", "phone", "number", "number,answered\n" + "".join(f"07700 900{i:03},yes\n" for i in range(10))),
        leaky("mobiles_plus.csv", "phone", "tel", "tel;called\n" + "".join(f"+44 7700 900{i:03};1\n" for i in range(10, 20))),
        leaky("landlines.csv", "phone", "phone", "phone,outcome\n" + "".join(f"01392 4960{i:02},no answer\n" for i in range(10))),
        leaky("addresses.csv", "address names", "address", "address,n_visits\n" + "".join(f"{i + 3} High Street Exeter,10\n" for i in range(8))),
    ]  # fmt: skip
