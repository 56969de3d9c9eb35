"""What the benchmark knows beforehand: which checks look for a kind of leak, and which leaks they are known not to stop.

A name comes off KNOWN when it is mended (the test fails on a name that is stopped by now), and nothing is put on that
was stopped before.
"""

from __future__ import annotations

#: Leaks of the corpus that get no FAIL, each with the reason.
KNOWN: dict[str, str] = {
    "suomi.csv": "headers in Finnish, a language that the checks do not know; left to a person",
}
#: Kind of leak -> the checks that should speak of it.
CHECKS_OF: dict[str, tuple[str, ...]] = {
    "small-count": ("small-counts",),
    "implied-count": ("small-counts", "implied-counts"),
    "margins": ("complementary",),
    "row-level": ("row-level",),
    "pseudonym": ("row-level",),
    "nhs-number": ("nhs-number",),
    "postcode": ("postcode",),
    "date-of-birth": ("date-of-birth",),
    "names": ("contact-details",),
    "address": ("contact-details",),
    "e-mail": ("contact-details",),
    "phone": ("contact-details",),
    "archive": ("file-type", "hidden-content"),
    "pickle": ("file-type",),
    "r-data": ("file-type",),
    "data-file": ("file-type",),
    "model": ("file-type",),
    "program": ("file-type",),
    "polyglot": ("file-type", "hidden-content"),
    "hidden-data": ("hidden-content",),
    "active-content": ("active-content",),
    "file-name": ("file-name",),
    "formula-without-result": ("could-not-be-read",),
}
