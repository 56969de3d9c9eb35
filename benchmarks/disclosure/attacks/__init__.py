"""The attacks, one file a family. Each entry of `ATTACKS` is a program that asks questions and guesses."""

from __future__ import annotations

from benchmarks.disclosure.attacks.attack import Attack, Finding
from benchmarks.disclosure.attacks.averaging import AVERAGING
from benchmarks.disclosure.attacks.margins import MARGINS
from benchmarks.disclosure.attacks.padding import PADDING
from benchmarks.disclosure.attacks.reconstruction import RECONSTRUCTION
from benchmarks.disclosure.attacks.reframed import REFRAMED
from benchmarks.disclosure.attacks.single_questions import SINGLE_QUESTIONS
from benchmarks.disclosure.attacks.triples import TRIPLES
from benchmarks.disclosure.attacks.walking import WALKING

ATTACKS: tuple[Attack, ...] = (
    *PADDING,
    *REFRAMED,
    *WALKING,
    *TRIPLES,
    *RECONSTRUCTION,
    *AVERAGING,
    *MARGINS,
    *SINGLE_QUESTIONS,
)

__all__ = ["ATTACKS", "Attack", "Finding"]
