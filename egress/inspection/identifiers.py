"""Recognises direct identifiers in text: NHS numbers, UK postcodes, birthdays, e-mail addresses and telephone numbers.

Sources: NHS Data Model and Dictionary, attribute NHS NUMBER (ten digits, modulus 11); BS 7666 and the Cabinet Office's
PostCodeType pattern (inward letters exclude C I K M O V; outward letters by position); Royal Mail's 124 postcode areas;
Ofcom's numbering plan.
"""

from __future__ import annotations

import re

from egress.inspection.snomed import is_snomed_id

#: Not the decimals of "0.9434765919", nor of ".9434765919" as some programs print it; "No.9434765919" counts.
TEN_DIGITS = re.compile(r"(?<!\d)(?<!\d\.)(?<![\s,;|]\.)(?<!^\.)\d{3}([ \u2013.-]?)\d{3}\1\d{4}(?!\d|\.\d*[1-9])", re.M)
BESIDE_A_NUMBER = re.compile(r"\d[\d.,]* $")
BEFORE_A_NUMBER = re.compile(r"(?:\.0+)? [-+]?[\d.]")
LETTERS_AND_DIGITS = re.compile(r"[A-Za-z0-9]*")
NHS_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)

CODE_WORDS = re.compile(r"(?i)concept|snomed|sctid|code|ctv3|dmd|vocab")
TIME_WORDS = re.compile(r"(?i)time|epoch|unix|date|\bts\b|created|updated|modified")
UNIX_SECONDS = range(900_000_000, 2_200_000_000)
LOCAL_CONCEPTS = range(2_000_000_000, 2**31)  # OMOP: site-specific concept ids

POSTCODE_AREAS = (
    "AB|AL|BA|BB|BD|BF|BH|BL|BN|BR|BS|BT|BX|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|EC|EH|EN|EX|FK|FY|"
    "GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|LU|ME|MK|ML|NE|NG|NN|NP|NR|NW|OL|OX|"
    "PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|"
    "WS|WV|YO|ZE|B|E|G|L|M|N|S|W"
)
OUTWARD = rf"(?:(?:{POSTCODE_AREAS})(?:[0-9]{{1,2}}|[0-9][ABCDEFGHJKMNPRSTUVWXY])|GIR)"
INWARD = r"[0-9][ABD-HJLNP-UW-Z]{2}"
SPACED_POSTCODE = re.compile(rf"(?<![A-Za-z0-9#])({OUTWARD})[ \u00a0]{{1,3}}({INWARD})(?![A-Za-z0-9])", re.IGNORECASE)
JOINED_POSTCODE = re.compile(rf"(?<![A-Za-z0-9#&_])({OUTWARD})({INWARD})(?![A-Za-z0-9_])")
WHOLE_POSTCODE = re.compile(rf"{OUTWARD}[ .-]{{0,3}}{INWARD}", re.IGNORECASE)
ORDINAL = re.compile(r"1st|2nd|3rd|[04-9]th")

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
MOBILE = re.compile(r"(?<![\d.+])(?:(?:\+|00)44[ ()0-]{0,4}|0)7\d{2,3}[ -]?\d{3}[ -]?\d{3,4}(?![\d.])")
LANDLINE = re.compile(r"(?<![\d.,+-])(?:(?:\+|00)44[ ()0-]{1,4}|\(?0)[123]\d{1,3}\)?[ -]\d{3,4}[ -]?\d{3,4}(?![\d.])")

DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|\d{1,2}(?:st|nd|rd|th)?[ -](?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ ,-]+\d{2,4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2},? \d{4})"
)
BIRTHDAY = re.compile(
    rf"(?:\bd\.?o\.?b\b\.?|\bdate[ _]?of[ _]?birth|\bbirth[ _]?(?:date|day)|\bborn(?: on)?\b)[^\n\d]{{0,15}}?{DATE}",
    re.IGNORECASE,
)


def holds_nhs_number(text: str, context: str, *, in_cell: bool) -> bool:
    """True if a text holds an NHS number: ten digits, valid by modulus 11, not explained by their context.

    Args:
        text: a cell, or one line.
        context: the column's header for a cell, the line itself for a line.
        in_cell: a cell stands alone; in a line, neighbouring numbers mean a row of figures ("120 345 1200 ...").
    """
    for found in TEN_DIGITS.finditer(text):
        digits = "".join(letter for letter in found[0] if letter.isdecimal())
        row_of_figures = found[1] == " " and (
            BESIDE_A_NUMBER.search(text[: found.start()]) or BEFORE_A_NUMBER.match(text[found.end() :])
        )
        if not is_nhs_number(digits) or (row_of_figures and not in_cell):
            continue
        if not _inside_a_hash(text, found) and not _explained(digits, context):
            return True
    return False


def is_nhs_number(digits: str) -> bool:
    """Ten digits whose last is 11 minus (the first nine, weighted 10 to 2, modulo 11); 11 is written 0, 10 is never
    issued. Ten equal digits pass that sum and are nobody's."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, NHS_WEIGHTS, strict=False)) % 11
    check = (11 - remainder) % 11
    return check != 10 and check == int(digits[9])


def _inside_a_hash(text: str, found: re.Match[str]) -> bool:
    """Digits joined to letters that are joined to other digits: part of a hash, not a number with a prefix."""
    before = re.search(r"[A-Za-z0-9]*$", text[max(0, found.start() - 64) : found.start()])
    after = LETTERS_AND_DIGITS.match(text[found.end() : found.end() + 64])
    around = (before[0] if before else "") + (after[0] if after else "")
    return any(letter.isdigit() for letter in around)


def _explained(digits: str, context: str) -> bool:
    """A SNOMED CT or local OMOP concept under a header of codes; seconds since 1970 under a header of times."""
    number = int(digits)
    coded = CODE_WORDS.search(context) is not None and (is_snomed_id(digits) or number in LOCAL_CONCEPTS)
    return coded or (TIME_WORDS.search(context) is not None and number in UNIX_SECONDS)


def holds_postcode(text: str, *, in_cell: bool) -> bool:
    """A full UK postcode; an outward half alone ("LS1") names a district and does not count.

    Without its space, and not in capitals, it is taken for one only where it fills a whole cell.
    """
    if in_cell and WHOLE_POSTCODE.fullmatch(text) and not ORDINAL.fullmatch(text[-3:]):  # "S1 2nd" is no address
        return True
    spaced = (found for found in SPACED_POSTCODE.finditer(text) if not ORDINAL.fullmatch(found[2]))
    return any(spaced) or JOINED_POSTCODE.search(text) is not None


def holds_identifier(text: str) -> bool:
    """True if a text should not be quoted in a finding."""
    return (
        bool(re.search(r"\d{5}|@", text))
        or holds_nhs_number(text, "", in_cell=True)
        or holds_postcode(text, in_cell=True)
        or BIRTHDAY.search(text) is not None
        or LANDLINE.search(text) is not None
    )
