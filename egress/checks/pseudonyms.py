"""Pseudonyms of a project: the keyed codes that stand for persons in its extract, wherever a single one stands.

What is looked for: whole numbers of 17 to 19 digits that fit in 63 bits, as the intake writes a pseudonym, unless they
are SNOMED CT identifiers or their column says that they are codes or times. Whole columns of pseudonyms of any
shape are found by `row-level`.

Source: docs/explanation/pseudonyms-and-keys.md (a keyed code of 63 bits for each person and project).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import Search, search
from egress.findings import Finding, Severity
from egress.inspection.document import Document
from egress.inspection.identifiers import CODE_WORDS, TIME_WORDS
from egress.inspection.snomed import is_snomed_id
from governance.disclosure import DisclosureProfile

NAME = "pseudonym"
LARGEST = 2**63
LONG = re.compile(r"(?<![\w.,-])\d{17,19}(?:\.0)?(?![\w.,]*\d)")
ROUND = "000000"  # the end of a number that somebody rounded, or of a time in nanoseconds


def _judge(text: str, context: str) -> Severity | None:
    explained = CODE_WORDS.search(context) or TIME_WORDS.search(context)
    if explained:
        return None
    numbers = (found[0].removesuffix(".0") for found in LONG.finditer(text))
    likely = (n for n in numbers if int(n) < LARGEST and not n.endswith(ROUND) and not is_snomed_id(n))
    return Severity.FAIL if any(likely) else None


SEARCH = Search(LONG, 17, _judge, _judge)


def check_pseudonyms(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for every place that holds a number of the shape of a pseudonym."""
    del profile
    for severity, where in search(document, SEARCH):
        why = "It holds a number of the shape of a person's pseudonym."
        yield Finding(NAME, severity, where, why, "Remove it; results never need one.")
