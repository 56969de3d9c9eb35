"""`person_ref`: the same values give the same number for ever; nobody's number names nobody."""

from __future__ import annotations

import hashlib

import duckdb
import pytest

from intake.feeds import find_feed, read_feed
from intake.landing.references import nhs_digits, person_ref_sql, ten_digits

GP, HOSPITAL = find_feed("gp"), find_feed("hospital")


def number(value: str | None) -> int | None:
    sql = person_ref_sql(GP, GP.tables["journal"])
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS NHS_NUMBER)", [value]).fetchall()[0][0]


def digest(table: str = "apc", **values: object) -> int | None:
    columns = {"NHS_NUMBER": None, "POSTCODE": None, "FORENAME": None, "SURNAME": None, "SEX": None, **values}
    row = ", ".join(f"?::VARCHAR AS {name}" for name in columns)
    sql = person_ref_sql(HOSPITAL, HOSPITAL.tables[table])
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT {sql} FROM (SELECT {row}, DATE '1950-02-01' AS DATE_OF_BIRTH)", list(columns.values())
        ).fetchall()[0][0]


def test_numbers_do_not_change_with_the_engine() -> None:
    """If this fails, the links and corrections that stand in a spine would no longer be those of the same people."""
    assert number("9000000009") == 7433921029177678345
    whole = "\x1f".join(["hospital", "", "1950-02-01", "", "", "ASH", ""])
    high = int.from_bytes(hashlib.md5(whole.encode()).digest(), "little") >> 65
    assert digest(SURNAME="Ash") == high | 1 << 63


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "0000000000", "9999999999", "UNKNOWN", "123456789", "12345678901", "1234567e03", "1.23456789"],
)
def test_what_is_no_number_names_nobody(value: str | None) -> None:
    assert number(value) is None


def test_one_number_however_it_is_written_and_no_other() -> None:
    same = {number(text) for text in ("9000000009", "900 000 0009", "900-000-0009", " 9000000009")}
    assert len(same) == 1
    others = {number(f"{n:010}") for n in range(0, 10**10, 987_654_321)}
    assert len(others - {None}) == 10 and not same & others


def test_feeds_do_not_share_numbers() -> None:
    other = read_feed({**document("gp2"), "tables": document("gp2")["tables"]})
    with duckdb.connect() as connection:
        rows = "SELECT '9000000009' AS NHS_NUMBER"
        found = connection.execute(f"SELECT {person_ref_sql(other, other.tables['t'])} FROM ({rows})").fetchall()
    assert found[0][0] != number("9000000009")


def document(name: str) -> dict[str, object]:
    return {
        "feed": {"name": name, "title": "t", "controllers": ["x"]},
        "tables": {
            "t": {
                "title": "t",
                "file": "T",
                "person": ["NHS_NUMBER"],
                "columns": {"NHS_NUMBER": "VARCHAR is=nhs_number | n"},
            }
        },
    }


def test_identities_differ_by_each_of_their_values() -> None:
    base = {"NHS_NUMBER": "9000000009", "POSTCODE": "AB1 2CD", "FORENAME": "Jo", "SURNAME": "Ash", "SEX": "1"}
    all_of_them = [digest(**base)] + [digest(**{**base, name: "other"}) for name in base]
    assert len(set(all_of_them)) == len(all_of_them)
    assert digest(FORENAME="a", SURNAME=None) != digest(FORENAME=None, SURNAME="a")
    assert digest(SURNAME=" ash ") == digest(SURNAME="ASH")
    assert digest("op", **base) == digest("apc", **base) == digest("ecds", **base)


def test_a_table_of_nobody_has_none() -> None:
    feed = read_feed(
        {
            "feed": {"name": "f", "title": "t", "controllers": []},
            "tables": {"t": {"title": "t", "file": "T", "columns": {"a": "VARCHAR | a"}}},
        }
    )
    assert person_ref_sql(feed, feed.tables["t"]) == "CAST(NULL AS UBIGINT)"


def test_ten_digits_agree_with_a_pattern() -> None:
    texts = [
        "0123456789",
        "1234567890",
        "+123456789",
        "-123456789",
        " 123456789",
        "123456789 ",
        "1234567e03",
        "12345678.9",
    ]
    texts += [
        "1_23456789",
        "0x12345678",
        "123456789O",
        "12345678901",
        "123456789",
        "١٢٣٤٥٦٧٨٩٠",
        "999999999E",
        "9" * 10,
    ]
    with duckdb.connect() as connection:
        for text in texts:
            sql = f"SELECT {ten_digits('x')}, {nhs_digits('x')} FROM (SELECT ?::VARCHAR AS x)"
            number, digits = connection.execute(sql, [text]).fetchall()[0]
            pure = text.isascii() and text.isdigit() and len(text) == 10
            assert number == (int(text) if pure else None), text
            if pure:
                assert digits == (text if len(set(text)) > 1 else None), text
