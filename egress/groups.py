"""Groups of files: what an author says of files that belong together. Promise: nothing is submitted of which its author
did not say what it shows and which controls were applied.

A file in no group is spoken of by the request's own words. Pure: reads loaded rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from egress.names import clean_text
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressGroup, EgressRequest, GroupWords

MOST_PEOPLE = 10**9


@dataclass(frozen=True)
class Words:
    """What is said of one group. `people`: how many people it rests on (n); None if not said."""

    context: str = ""
    variables: str = ""
    population: str = ""
    people: int | None = None
    controls: str = ""
    earlier: str = ""

    @classmethod
    def of(cls, row: GroupWords) -> Words:
        """The words of a stored group or request."""
        return cls(row.context, row.variables, row.population, row.people, row.controls, row.earlier)

    def cleaned(self) -> Words:
        """Checked and mended. Raises Refusal `text-too-long`, `bad-number`."""
        if self.people is not None and not 0 <= self.people <= MOST_PEOPLE:
            raise Refusal(
                "bad-number", "That is no number of people.", "Give a whole number, or leave it out.", "people"
            )
        return Words(
            clean_text(self.context, "context"),
            clean_text(self.variables, "variables"),
            clean_text(self.population, "population"),
            self.people,
            clean_text(self.controls, "controls"),
            clean_text(self.earlier, "relation to earlier releases"),
        )

    def write_to(self, row: GroupWords) -> None:
        """Put the words into a row."""
        row.context, row.variables, row.population = self.context, self.variables, self.population
        row.people, row.controls, row.earlier = self.people, self.controls, self.earlier


def live_groups(request: EgressRequest) -> tuple[EgressGroup, ...]:
    """The groups of the request now, in the order they were made."""
    return tuple(group for group in request.groups if group.withdrawn_turn is None)


def group_of(request: EgressRequest, file: EgressFile) -> EgressGroup | None:
    """The group a file is in; None if the request's own words speak of it."""
    return next((group for group in live_groups(request) if group.id == file.group_id), None)


def find_group(request: EgressRequest, number: int) -> EgressGroup:
    """One group of the request. Raises Refusal `no-such-group`."""
    for group in live_groups(request):
        if group.id == number:
            return group
    raise Refusal("no-such-group", "There is no such group of files in this request.", "Open the request again.")


def check_words(request: EgressRequest, outputs: Iterable[EgressFile], *, controls: bool = True) -> None:
    """That something is said of every file that would pass, with `controls` also of disclosure controls. Raises
    Refusal `context-missing`, `controls-missing`."""
    for file in outputs:
        group = group_of(request, file)
        words, where = Words.of(group or request), group.name if group else ""
        if not words.context:
            raise Refusal(
                "context-missing", "Say what the files show and for whom they are.", "Fill in the context.", where
            )
        if controls and not words.controls:
            said = "Say which disclosure controls you applied."
            raise Refusal("controls-missing", said, "Fill in the controls; 'none' is allowed.", where)
