"""From a member's hand to a real workspace: the real checks in their locked child, the real vote, the real sandbox.

The workspace runs all the while: what lands is seen without a restart, and gone after a recall.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from egress.airlock import Airlock
from egress.directions import Purpose
from egress.drafting import Description
from egress.ending_review import vote_and_go_on
from egress.handing_in import hand_in
from egress.landed import Found, list_landed
from egress.recalling import recall
from egress.states import State
from governance.refusal import Refusal
from governance.store.airlock import EgressRequest
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, AirlockWorld
from tests.support.walled import walled

pytestmark = pytest.mark.slow
OPERATOR = "os:operator"
SAID = Description("Code lists", "Published codes", purpose=Purpose.REFERENCE.value)
SCRIPT = "#!/usr/bin/env python3\nprint(len(open('codes.csv').readlines()))\n"


@pytest.fixture
def airlock(world: AirlockWorld) -> Airlock:
    """With the real checks, in locked children."""
    return Airlock(world.store, world.airlock.settings)


def give(airlock: Airlock, *files: Path) -> tuple[str, State]:
    return hand_in(airlock, operator=OPERATOR, author=AUTHOR, project=PROJECT, description=SAID, files=files)


def test_what_is_approved_appears_in_a_running_workspace_and_goes_again(airlock: Airlock, tmp_path: Path) -> None:
    codes, script = tmp_path / "codes.csv", tmp_path / "count.py"
    codes.write_text("icd10,label\nK25,Gastric ulcer\nK26,Duodenal ulcer\n")
    script.write_text(SCRIPT)
    with walled(airlock.settings, AUTHOR, PROJECT) as inside:
        assert inside.run("import os; result = os.listdir('imports')") == []
        request, state = give(airlock, codes, script)
        assert state is State.IN_REVIEW
        assert inside.run("import os; result = os.listdir('imports')") == []
        with airlock.store.reading() as session:
            files = [file.id for file in session.get_one(EgressRequest, request).files]
        decisions = dict.fromkeys(files, "approve")
        assert vote_and_go_on(airlock, actor=CHECKER, request_id=request, decisions=decisions) is State.RELEASED
        folder = f"imports/code-lists-{request}"
        ran = f"subprocess.run([sys.executable, 'count.py'], cwd='{folder}', capture_output=True, text=True)"
        assert inside.run(f"import subprocess, sys; result = {ran}.stdout") == "3\n"
        assert inside.run(f"result = open('{folder}/codes.csv').read()") == codes.read_text()
        assert inside.attempt(f"open('{folder}/codes.csv', 'w')")["errno"] in (errno.EROFS, errno.EACCES)
        with airlock.store.reading() as session:
            landed = list_landed(session, airlock.settings.folder)
        assert {(one.name, one.brought_by, one.approved_by, one.found) for one in landed} == {
            ("codes.csv", AUTHOR, CHECKER, Found.AS_APPROVED),
            ("count.py", AUTHOR, CHECKER, Found.AS_APPROVED),
        }
        recall(airlock, actor=CHECKER, request_id=request, reason="The wrong version")
        assert inside.run("import os; result = os.listdir('imports')") == []


def test_an_identifier_and_a_pickle_never_reach_a_checker(airlock: Airlock, tmp_path: Path) -> None:
    wrong, model = tmp_path / "test_case.py", tmp_path / "model.json"
    wrong.write_text("patient = '943 476 5919'\n")
    model.write_bytes(b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.")
    for file in (wrong, model):
        request, state = give(airlock, file)
        assert state is State.RETURNED
        with airlock.store.reading() as session:
            [row] = session.get_one(EgressRequest, request).files
            assert {finding.check for finding in row.findings} & {"nhs-number", "import-type"}


def test_what_is_missing_or_changed_is_found(world: AirlockWorld, airlock: Airlock, tmp_path: Path) -> None:
    request = world.incoming()
    [file] = world.outputs(request)
    vote_and_go_on(world.airlock, actor=CHECKER, request_id=request, decisions={file.id: "approve"})
    folder = world.landed_folder(request)
    assert folder is not None
    place = folder / "analysis.py"
    place.chmod(0o644)
    place.write_text("print(2)\n")
    with airlock.store.reading() as session:
        assert [one.found for one in list_landed(session, airlock.settings.folder, PROJECT)] == [Found.CHANGED]
        place.unlink()
        assert [one.found for one in list_landed(session, airlock.settings.folder, PROJECT)] == [Found.MISSING]
        assert list_landed(session, airlock.settings.folder, "respiratory") == ()
    with pytest.raises(Refusal, match="no-such-file"):
        give(airlock, tmp_path / "nothing.py")
    assert world.events("ingress.handed_in") == []
