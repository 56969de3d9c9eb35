"""The documents beside a release, read as the tools they are for read them: SACRO's viewer and an RO-Crate reader."""

from __future__ import annotations

import importlib
import json
import pkgutil
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress import checks
from egress.inspection import auditing
from egress.releasing.acro_cells import cells_of, read_header
from egress.releasing.acro_results import ACRO_CHECKS, SAME_AS, write_results
from egress.releasing.crate import write_crate
from egress.releasing.documents import canonical
from egress.releasing.manifest import Manifest, ManifestException, ManifestFile, ManifestFinding, ManifestVote
from egress.releasing.outputs import AuthorsWord

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
VOTES = tuple(ManifestVote(who, "approve", "nhs-sde@1", MOMENT) for who in ("checker-a", "checker-b"))
SMALL = ManifestFinding("small-counts", "FAIL", "rows 1 and 3, column people", "A count is under 10.")
LONG = ManifestFinding("row-level", "REVIEW", "", "Many rows.")


def manifest_of(*files: ManifestFile, exception: ManifestException | None = None) -> Manifest:
    return Manifest(
        project="gi-bleed",
        request="0123456789abcdef",
        turn=1,
        author="researcher-a",
        title="A table",
        profile="nhs-sde",
        policy_version="nhs-sde@1",
        threshold=10,
        round_to=5,
        approvals=2,
        exception=exception,
        files=files,
        receipts=("r-1",),
        created_at=MOMENT,
        released_at=MOMENT,
    )


def file_of(name: str, *findings: ManifestFinding, media_type: str = "text/csv") -> ManifestFile:
    return ManifestFile(name, media_type, "a" * 64, 10, "b" * 64, 12, findings, VOTES)


def read_as_viewer(document: bytes) -> dict[str, Any]:
    """What SACRO's viewer asks of a results file before it shows anything."""
    read: dict[str, Any] = json.loads(document)
    assert [int(part) for part in read["version"].split(".")[:2]] >= [0, 4]
    for output in read["results"].values():
        assert output["files"]
        assert output["status"] in {"pass", "review", "fail"}
        for file in output["files"]:
            for cells in file["sdc"]["cells"].values():
                for row, column in cells:
                    assert row >= 0
                    assert column >= 0
        for key in ("uid", "type", "properties", "outcome", "command", "summary", "timestamp", "comments", "exception"):
            assert key in output
    return read["results"]  # type: ignore[no-any-return]


def test_results_are_what_sacros_viewer_reads() -> None:
    exception = ManifestException("The funder needs it.", "steward", "Agreed.")
    manifest = manifest_of(file_of("t.csv", SMALL, LONG), file_of("f.png", media_type="image/png"), exception=exception)
    results = read_as_viewer(write_results(manifest, {"t.csv": ("year", "men", "people")}))
    table, figure = results["t.csv"], results["f.png"]
    assert (table["status"], table["type"], table["exception"]) == ("fail", "table", "The funder needs it.")
    assert table["files"][0]["sdc"]["cells"]["threshold"] == [[0, 1], [2, 1]]
    assert table["files"][0]["sdc"]["summary"]["threshold"] == 2
    assert set(table["files"][0]["sdc"]["cells"]) == set(ACRO_CHECKS)
    assert table["summary"] == "fail; row-level; small-counts"
    assert (figure["status"], figure["type"], figure["exception"]) == ("pass", "custom", "")
    assert figure["properties"] == {"profile": "nhs-sde", "safe_threshold": 10}


def test_only_checks_that_there_are_stand_for_acros() -> None:
    modules = [
        importlib.import_module(f"egress.checks.{module.name}") for module in pkgutil.iter_modules(checks.__path__)
    ]
    names = {getattr(module, "NAME", "") for module in (*modules, auditing)}
    assert names >= set(SAME_AS)
    assert set(SAME_AS.values()) <= set(ACRO_CHECKS)


def test_the_authors_words_are_carried_and_not_believed() -> None:
    word = AuthorsWord("o1", "regression", "ols", "pass", command="acro.ols(...)")
    results = read_as_viewer(write_results(manifest_of(file_of("t.csv", LONG)), {}, {"t.csv": word}))
    assert (results["t.csv"]["status"], results["t.csv"]["type"]) == ("review", "regression")
    assert results["t.csv"]["properties"]["statbarn"] == "CorrelationCoefficients"
    assert results["t.csv"]["command"] == "acro.ols(...)"


@pytest.mark.parametrize(
    ("where", "cells"),
    [
        ("row 3, column people", [(2, 1)]),
        ("rows 1, 2 and 5, column people", [(0, 1), (1, 1), (4, 1)]),
        ("sheet Totals: row 2, column people", [(1, 1)]),
        ("rows 1, 2, 3, 4, 5 and 20 more, column people", [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]),
        ("row 2, column 2", [(1, 0)]),
        ("row 2, column 9", []),
        ("row 2, column 1", []),  # the column of labels
        ("row 2, column elsewhere", []),
        ("row 2, column twice", []),
        ("header, column people", []),
        ("line 4", []),
        ("row 0, column people", []),
        ("", []),
    ],
)
def test_only_what_is_named_for_certain_becomes_a_cell(where: str, cells: list[tuple[int, int]]) -> None:
    assert cells_of(where, ("year", "men", "people", "twice", "twice")) == cells


@given(st.text(max_size=80), st.lists(st.text(max_size=8), max_size=5))
def test_no_place_makes_a_cell_outside(where: str, header: list[str]) -> None:
    assert all(row >= 0 and 0 <= column < max(1, len(header)) for row, column in cells_of(where, header))


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"\xef\xbb\xbfa,b\n1,2", ("a", "b")),
        (b'"a,b",c\r\n', ("a,b", "c")),
        (b"", ()),
        (b"\xff\xfe", ()),
        (b"\n", ()),
        (b'a\x00b,"', ("a\x00b", "")),
    ],
)
def test_headers_are_read_or_left(content: bytes, header: tuple[str, ...]) -> None:
    assert read_header(content) == header


def read_as_crate(document: bytes) -> dict[str, dict[str, Any]]:
    """The rules of RO-Crate 1.2 that a reader relies on, walked entity by entity."""
    crate = json.loads(document)
    assert crate["@context"][0] == "https://w3id.org/ro/crate/1.2/context"
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    descriptor = entities["ro-crate-metadata.json"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    root = entities[descriptor["about"]["@id"]]
    for name in ("name", "description", "datePublished", "license", "hasPart"):
        assert root[name]
    datetime.fromisoformat(root["datePublished"])
    for entity in entities.values():
        assert entity["@type"]
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    assert set(one) == {"@id"}  # nothing is nested
                    assert one["@id"] in entities or one["@id"].startswith(("http://", "https://"))
    files = {name for name, entity in entities.items() if entity["@type"] == "File"}
    assert files == {part["@id"] for part in root["hasPart"]}
    return entities


def test_the_crate_speaks_the_five_safes_words() -> None:
    exception = ManifestException("The funder needs it.", "steward", "Agreed.")
    entities = read_as_crate(write_crate(manifest_of(file_of("a table.csv", SMALL), exception=exception)))
    root = entities["./"]
    actions = [entities[one["@id"]] for one in root["mentions"]]
    kinds = [action.get("additionalType", {}).get("@id", "") for action in actions]
    assert kinds == ["", "https://w3id.org/shp#DisclosureCheck", *["https://w3id.org/shp#SignOff"] * 3]
    for action in actions:
        assert action["actionStatus"]["@id"] == "http://schema.org/CompletedActionStatus"
        assert datetime.fromisoformat(action["endTime"]).tzinfo is not None
        assert len(action["name"]) >= 20
    signed = [entities[action["agent"]["@id"]]["name"] for action in actions[2:]]
    assert signed == ["checker-a", "checker-b", "steward"]
    assert entities[root["sourceOrganization"]["@id"]]["@type"] == "Project"
    assert entities["#gateway"]["provider"] == {"@id": "#service"}  # software that acts for an organisation names it
    assert entities["a%20table.csv"]["sha256"] == "a" * 64
    assert "conformsTo" not in root  # docs/decisions/crate-without-a-workflow.md


def test_a_crate_without_an_exception_has_no_controller() -> None:
    entities = read_as_crate(write_crate(manifest_of(file_of("t.csv"))))
    assert "#controller" not in entities
    assert "#sign-off-3" not in entities


def test_documents_have_one_spelling() -> None:
    assert canonical({"b": 1, "a": "ü"}) == '{\n "a": "ü",\n "b": 1\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})
    manifest = manifest_of(file_of("b.csv"), file_of("a.csv"))
    assert manifest.to_bytes() == manifest_of(file_of("a.csv"), file_of("b.csv")).to_bytes()
    assert (manifest.size, manifest.checkers) == (20, ("checker-a", "checker-b"))
    assert [file.verdict for file in (file_of("x"), file_of("x", LONG), file_of("x", LONG, SMALL))] == [
        "PASS",
        "REVIEW",
        "FAIL",
    ]


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_texts_make_one_document(title: str, reason: str) -> None:
    try:
        title.encode(), reason.encode()
    except UnicodeEncodeError:
        return
    exception = ManifestException(reason, "s", "d")
    manifest = manifest_of(file_of("t.csv", SMALL), exception=exception)
    assert json.loads(manifest.to_bytes())["exception"]["reason"] == reason
