"""An independent judge of opt-outs: the design's table, written out a second time by hand, and a plain reading of it.

It shares no word with `intake/optouts/deny.toml` or the SQL: the table is text, feeds are named here, and the judge
asks each line of it by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

USES = ("direct_care", "local_planning", "local_research", "national")
CONTROLLERS = {
    "gp": "gp_practice",
    "hospital": "acute_trust",
    "community": "community_provider",
    "mental_health": "mental_health_provider",
    "social_care": "local_authority",
    "ambulance": "ambulance_service",
}
SUMMARY = "gp_summary"

# opt-out, whose records, then: care, local planning, local research, national
TABLE = """
                           type 1                | gp                  | yes  | no             | no             | no
                           type 1                | the other five      | yes  | yes            | yes            | yes
                           national              | all six             | yes  | no             | no             | no
                           local                 | all six             | yes  | no             | no             | yes
                           objection upheld      | that controller's   | no   | no             | no             | no
                           objection pending     | that controller's   | yes  | no             | no             | no
                           objection declined    | all six             | yes  | yes            | yes            | yes
                           summary care record   | gp summary          | no   | yes            | yes            | yes
"""


def is_open(opt_outs: Collection[tuple[str, str]], feed: str, use: str) -> bool:
    """Whether a feed (or the GP summary) may be used: no line of the table that applies says no.

    Args:
        opt_outs: (line of the table, feed of the controller; "?" if nobody knows it, "" if there is none).
    """
    return all(answer[use] for wish, whose in opt_outs for answer in _answers(wish, whose, feed))


def _answers(wish: str, whose: str, feed: str) -> Iterator[dict[str, bool]]:
    for line in TABLE.strip().splitlines():
        name, records, *answers = (cell.strip() for cell in line.split("|"))
        if name == wish and _is_about(records, whose, feed):
            yield {use: answer == "yes" for use, answer in zip(USES, answers, strict=True)}


def _is_about(records: str, whose: str, feed: str) -> bool:
    home = "gp" if feed == SUMMARY else feed  # the summary is drawn from the GP record
    return {
        "gp": home == "gp",
        "the other five": home != "gp",
        "all six": True,
        "that controller's": whose in (home, "?"),
        "gp summary": feed == SUMMARY,
    }[records]
