"""Every refusal of the policy, as data: the reference pages are generated from it and a test triggers each example."""

from __future__ import annotations

from query_guard.policy.code import Code
from query_guard.policy.codes_of_language import LANGUAGE_CODES
from query_guard.policy.codes_of_people import PEOPLE_CODES
from query_guard.policy.codes_of_queries import QUERY_CODES
from query_guard.policy.codes_of_reading import READING_CODES

CODES: tuple[Code, ...] = (*LANGUAGE_CODES, *READING_CODES, *QUERY_CODES, *PEOPLE_CODES)
