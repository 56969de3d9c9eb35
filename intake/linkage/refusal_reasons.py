"""Why linking does not believe a fact, in words: data of the steward's page and of the reference."""

from __future__ import annotations

from collections.abc import Mapping

CONTESTED = "contested-reference"
TWO_PEOPLE = "number-and-name-of-two-people"
ANOTHERS_NUMBER = "number-of-another"
UNSURE_NUMBER = "number-of-unsure-holder"
NEAR_ANOTHER = "number-near-a-known-person"

REASONS: Mapping[str, str] = {
    CONTESTED: "One reference of a feed is two people at the same moment: date of birth and sex both differ. "
    "Not linked.",
    TWO_PEOPLE: "The number is one person's; name, or sex, and date of birth are another's at that address or of that "
    "surname, typically a twin's. Not linked.",
    ANOTHERS_NUMBER: "Date of birth and sex are both not those of the number's holder. The number is not used; "
    "other facts may link.",
    UNSURE_NUMBER: "No practice knows the number, and those who carry it do not agree on one date of birth by more "
    "than half. Nobody is made of it.",
    NEAR_ANOTHER: "No practice knows the number, but somebody known has that date of birth, and the address or nearly "
    "the same number: it may be a slip. Nobody is made of it.",
}
