"""What a checker's page says of where the numbers of a file come from; nobody else's page says it."""

from __future__ import annotations

import pytest

from egress.airlock import Airlock
from egress.tracing import trace_file
from tests.support.airlock_service import served
from tests.support.airlock_world import AUTHOR, CHECKER, AirlockWorld, output
from tests.support.guard_lab import GuardLab

pytestmark = pytest.mark.slow
BY_ILLNESS = (
    "SELECT c.concept_name AS illness, count(distinct o.person_id) AS n FROM condition_occurrence AS o "
    "JOIN concept AS c ON c.concept_id = o.condition_concept_id GROUP BY 1"
)


def test_each_number_stands_beside_its_answer_and_the_true_count(guard_lab: GuardLab) -> None:
    world = AirlockWorld(Airlock(guard_lab.store, guard_lab.settings))
    table = guard_lab.ask(BY_ILLNESS).table
    assert table is not None
    rows = [(name, count) for name, count in (row.values() for row in table.to_pylist()) if count is not None]
    text = "illness,n\n" + "".join(f"{name},{count}\n" for name, count in rows) + "Something else,7775\n"
    request = world.submitted(output("table.csv", text.encode()))
    with served(world) as gateway:
        page = gateway.page(gateway.browser(CHECKER), request)
        assert f"{len(rows)} of {len(rows) + 1} numbers go back to an answer" in page.text
        assert "1 come from no answer" in page.text
        assert BY_ILLNESS in " ".join(page.soup.get_text(" ").split())
        name = "Numbers of table.csv"
        [numbers] = [found for found in page.soup.find_all("table") if name in found.get_text()]
        lines = [" ".join(row.get_text(" ").split()) for row in numbers.find_all("tr")[1:]]
        assert "From no answer" in lines[0] and "7,775" in lines[0]  # what wants a look comes first
        assert len([line for line in lines if "As answered" in line]) == len(rows)
        assert not [line for line in lines[1:] if "not on record" in line]
        assert "Where its numbers come from" not in gateway.page(gateway.browser(AUTHOR), request).text
    file = world.outputs(request)[0].id
    looks = world.events().count("egress.previewed")
    assert trace_file(world.airlock, actor=AUTHOR, request_id=request, file_id=file) == ()
    assert world.events().count("egress.previewed") == looks
    assert trace_file(world.airlock, actor=CHECKER, request_id=request, file_id=file)
    assert world.events().count("egress.previewed") == looks + 1
