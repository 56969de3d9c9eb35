"""Protected counts for a registered person who has no project yet: what may be asked, by whom, how often."""

from governance.feasibility.questions import (
    Question,
    ask,
    check_may_ask,
    find_question,
    list_questions,
    next_waiting,
    questions_left,
    record_answer,
)
from governance.feasibility.wish import SLUG, TABLES, Search, Sex, Wish, read_wish

__all__ = [
    "SLUG",
    "TABLES",
    "Question",
    "Search",
    "Sex",
    "Wish",
    "ask",
    "check_may_ask",
    "find_question",
    "list_questions",
    "next_waiting",
    "questions_left",
    "read_wish",
    "record_answer",
]
