"""Re-identification: the only way from a pseudonym back to a person. Promise: two keyholders and the named clinician
each use a key of their own, one request is answered once, and what was told is kept nowhere.

Read `asking` for how a request is sealed and approved, `answering` for how it is answered, `sealing` for what holds it
together, `lookup` for the way back itself.
"""

from intake.reidentification.answering import Answer, Told, answer
from intake.reidentification.asking import Question, approve, ask
from intake.reidentification.own_key import OwnKey, make_own_key, open_own_key

__all__ = [
    "Answer",
    "OwnKey",
    "Question",
    "Told",
    "answer",
    "approve",
    "ask",
    "make_own_key",
    "open_own_key",
]
