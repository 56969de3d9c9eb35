"""Every bad thing a delivery may be: it is refused with its code, or its bad rows are counted; nothing half-written
stays, no value of the data is in a message, the register, the audit log or the page."""

from __future__ import annotations

import gzip
import os
import socket
import threading
from pathlib import Path

import duckdb
import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.landing import engine, receiving, text
from intake.places import IntakePlaces
from tests.support.deliveries import (
    CLINIC,
    ENTRY,
    PERSON,
    VISIT,
    clinic,
    current,
    land,
    quarantined,
    reasons,
    staged,
    write_csv,
    write_parquet,
    write_text,
)

__all__ = ["clinic"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("clinic")]

HEADER = "NHS,Day,Code,Reported\n"
ROW = "9000000009,2020-01-05,c1,2020-01-31\n"
MARKER = "MARKERVALUE"


def refused(settings: Settings, store: Store, *paths: Path) -> Refusal:
    """The refusal of a landing that leaves nothing behind."""
    with pytest.raises(Refusal) as caught:
        land(settings, store, *paths)
    assert MARKER not in str(caught.value)
    deliveries = settings.folder.identifiable / "deliveries"
    left = [each.name for each in deliveries.iterdir() if each.name != ".landing"] if deliveries.exists() else []
    assert left == [], f"left behind: {left}"
    assert current(settings, store, "entry") == []
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "ClinicEntry*.csv",
        "ClinicEntry?.csv",
        "ClinicEntry[1].csv",
        "ClinicEntry\n.csv",
        "ClinicEntry'; DROP TABLE x;--.csv",
        "-ClinicEntry.csv",
        ".ClinicEntry.csv",
        "ClinicEntry\x1b[31m.csv",
        "ClinicEntrу.csv",  # a Cyrillic letter
        "ClinicEntry$(id).csv",
        "ClinicEntry{1..9}.csv",
        "ClinicEntry_" + "x" * 230 + ".csv",
    ],
)
def test_a_hostile_name_is_refused_before_anything_is_opened(
    settings: Settings, store: Store, tmp_path: Path, name: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text(HEADER + ROW)
    refusal = refused(settings, store, tmp_path / "in")
    assert refusal.code == "file-name"
    assert refusal.message.isprintable() and refusal.message.isascii()


def test_a_path_that_climbs_is_just_a_file_of_the_callers(settings: Settings, store: Store, tmp_path: Path) -> None:
    """The operator may name any file they can read; what counts is its plain name, and that is where it is kept."""
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW)
    (tmp_path / "other").mkdir()
    report = land(settings, store, tmp_path / "other" / ".." / "in" / "ClinicEntry.csv")
    received = IntakePlaces.of(settings).delivery(report.delivery.id).received
    assert [each.name for each in received.iterdir()] == ["ClinicEntry.csv"]


def test_links_pipes_sockets_devices_and_folders_are_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_text(tmp_path / "secret", "x.csv", HEADER + ROW)
    folder.mkdir()
    file = folder / "ClinicEntry.csv"
    for make in (
        lambda: file.symlink_to(tmp_path / "secret" / "x.csv"),
        lambda: file.symlink_to("/dev/zero"),
        lambda: os.mkfifo(file),
        file.mkdir,
        lambda: _bind(file),
    ):
        make()
        assert refused(settings, store, folder).code == "not-a-plain-file"
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()


def _bind(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


def test_a_file_swapped_for_a_link_after_it_was_looked_at_is_refused(tmp_path: Path) -> None:
    target = write_text(tmp_path / "secret", "x.csv", HEADER)
    (tmp_path / "ClinicEntry.csv").symlink_to(target)
    with pytest.raises(Refusal, match="no-such-file"):
        receiving._open_plain(tmp_path / "ClinicEntry.csv")


def test_a_file_that_grows_while_it_is_read_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    file = write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW)

    def grow(what: str, done: int, total: int) -> None:
        if what.startswith("copying"):
            with file.open("a") as stream:
                stream.write(ROW)

    with pytest.raises(Refusal, match="file-changed"):
        land(settings, store, tmp_path / "in", progress=grow)
    assert refused_nothing_left(settings)


def refused_nothing_left(settings: Settings) -> bool:
    return [each.name for each in (settings.folder.identifiable / "deliveries").iterdir()] == [".landing"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("Stranger.csv", HEADER + ROW, "unknown-file"),
        ("ClinicEntry.xlsx", HEADER + ROW, "unknown-file"),
        ("ClinicEntry", HEADER + ROW, "unknown-file"),
        ("ClinicEntries.csv", HEADER + ROW, "unknown-file"),
        ("ClinicEntry.csv", "", "empty-file"),
        ("ClinicEntry.csv", f"{MARKER}\n{MARKER}\n", "no-header"),
        ("ClinicEntry.csv", ROW, "no-header"),
        ("ClinicEntry.csv", "NHS,Day,Code,Reported,day\n" + ROW, "duplicate-columns"),
        ("ClinicEntry.csv", "NHS,NHS,Day,Code,Reported\n" + ROW, "duplicate-columns"),
        ("ClinicEntry.csv", "NHS,Day,Code\n" + ROW, "missing-columns"),
        ("ClinicEntry.csv", "NHS,Day,Code,Reported,Extra\n" + ROW, "unknown-columns"),
        ("ClinicEntry.csv", HEADER + f"9000000009,2020-01-05,{MARKER}\0,2020-01-31\n", "wrong-encoding"),
        ("ClinicEntry.parquet", HEADER + ROW, "unreadable-file"),
        ("ClinicEntry.parquet", "PAR1" + MARKER * 100 + "PAR1", "unreadable-file"),
        ("ClinicEntry.csv.gz", HEADER + ROW, "unreadable-file"),
        ("ClinicVisit.csv", ",".join(CLINIC.tables["visit"].columns) + "\n", "missing-table"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    settings: Settings, store: Store, tmp_path: Path, name: str, content: str, code: str
) -> None:
    write_text(tmp_path / "in", name, content)
    assert refused(settings, store, tmp_path / "in").code == code


def test_an_empty_folder_and_a_missing_one_are_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert refused(settings, store, tmp_path / "in").code == "empty-delivery"
    assert refused(settings, store, tmp_path / "nowhere").code == "no-such-file"


def test_one_name_twice_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_text(tmp_path / folder, "ClinicEntry.csv", HEADER + ROW)
    assert refused(settings, store, tmp_path / "a", tmp_path / "b").code == "duplicate-file"


def test_a_parquet_file_cut_short_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "in", "entry", [{**ENTRY, "Code": f"{MARKER}{n}"} for n in range(500)])
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert refused(settings, store, tmp_path / "in").code == "unreadable-file"
    middle = len(whole) // 3
    file.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    assert refused(settings, store, tmp_path / "in").code == "unreadable-file"


@pytest.mark.parametrize("kind", ["STRUCT(a INTEGER)", "INTEGER[]", "BLOB", "TIMESTAMPTZ"])
def test_a_parquet_column_of_another_kind_is_refused(
    settings: Settings, store: Store, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "in").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT '1' AS NHS, DATE '2020-01-05' AS Day, NULL::{kind} AS Code, NULL::DATE AS Reported)"
            f" TO '{tmp_path}/in/ClinicEntry.parquet' (FORMAT parquet)"
        )
    assert refused(settings, store, tmp_path / "in").code == "column-type"


def test_two_parquet_columns_of_one_name_are_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "in").mkdir()
    words = pa.array(["x"])
    table = pa.Table.from_arrays([words] * 5, names=["NHS", "Day", "Code", "Reported", "Code"])
    pq.write_table(table, tmp_path / "in" / "ClinicEntry.parquet")
    assert refused(settings, store, tmp_path / "in").code == "duplicate-columns"


def test_a_packed_file_that_swells_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with gzip.open(tmp_path / "in" / "ClinicEntry.csv.gz", "wb") as stream:
        stream.write(HEADER.encode())
        for _ in range(100):
            stream.write(b" " * 2**20)
    assert refused(settings, store, tmp_path / "in").code == "too-much-inside"


def test_a_packed_file_that_ends_early_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    whole = gzip.compress((HEADER + ROW * 5000).encode())
    (tmp_path / "in" / "ClinicEntry.csv.gz").write_bytes(whole[:-20])
    assert refused(settings, store, tmp_path / "in").code == "unreadable-file"


NAMES = "Zoë Müller-Ørsted £5"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le-mark", "utf-16-be-mark"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_usual_encoding_is_read(
    settings: Settings, store: Store, tmp_path: Path, encoding: str, packed: bool
) -> None:
    written = write_csv(tmp_path / "draft", "person", [{**PERSON, "Name": NAMES}]).read_text(encoding="utf-8")
    kind = encoding.removesuffix("-mark")
    content = ("\ufeff" + written if encoding.endswith("-mark") else written).encode(kind)
    (tmp_path / "in").mkdir()
    name = "ClinicPerson.csv" + (".gz" if packed else "")
    (tmp_path / "in" / name).write_bytes(gzip.compress(content) if packed else content)
    report = land(settings, store, tmp_path / "in")
    assert [row["Name"] for row in staged(settings, report, "person")] == [NAMES]


@pytest.mark.parametrize("end", ["\r\n", "\r", "mixed"])
def test_every_usual_end_of_line_is_read(settings: Settings, store: Store, tmp_path: Path, end: str) -> None:
    text = HEADER + ROW + ROW.replace("c1", "c2")
    text = HEADER.replace("\n", "\r\n") + ROW + ROW.replace("c1", "c2") if end == "mixed" else text.replace("\n", end)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ClinicEntry.csv").write_bytes(text.encode())
    assert [row["Code"] for row in staged(settings, land(settings, store, tmp_path / "in"), "entry")] == ["c1", "c2"]


@pytest.mark.parametrize("delimiter", ["|", "\t", ";"])
def test_other_delimiters_are_found_out(settings: Settings, store: Store, tmp_path: Path, delimiter: str) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", (HEADER + ROW).replace(",", delimiter))
    assert len(staged(settings, land(settings, store, tmp_path / "in"), "entry")) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"9000000009,2020-01-05,{MARKER}\n", "too-few-values"),
        (f"9000000009,2020-01-05,{MARKER},2020-01-31,more\n", "too-many-values"),
        (f'9000000009,2020-01-05,"{MARKER}"x,2020-01-31\n', "open-quote"),
        (f"9000000009,2020-01-05,{'x' * 2_000_000},2020-01-31\n", "line-too-long"),
    ],
)
def test_a_broken_line_is_counted_and_the_others_land(
    settings: Settings, store: Store, tmp_path: Path, line: str, reason: str
) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW * 3 + line + ROW * 3)
    report = land(settings, store, tmp_path / "in")
    assert list(reasons(report)) == [("entry", "", reason, 1)]
    assert (report.ledger.tables[0].rows_in, report.ledger.tables[0].rows_kept) == (7, 6)
    assert [row["line"] for row in quarantined(settings, report, "entry")] == [5]


def test_a_quote_that_never_closes_costs_no_row_silently(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_text(
        tmp_path / "in", "ClinicEntry.csv", HEADER + ROW * 3 + '9000000009,2020-01-05,"open,2020-01-31\n' + ROW * 3
    )
    report = land(settings, store, tmp_path / "in")
    assert report.ledger.tables[0].rows_kept >= 3
    assert report.delivery.state == "held" and "open-quote" in {reason for _, _, reason, _ in reasons(report)}


def test_damaged_letters_cost_their_rows_only(settings: Settings, store: Store, tmp_path: Path) -> None:
    good, bad = "9000000009,2020-01-05,Zoë,2020-01-31\n", b"9000000009,2020-01-05,Zo\xeb,2020-01-31\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ClinicEntry.csv").write_bytes(HEADER.encode() + good.encode() * 5 + bad + good.encode())
    report = land(settings, store, tmp_path / "in")
    assert list(reasons(report)) == [("entry", "", "not-text", 1)]
    assert report.ledger.tables[0].rows_kept == 6


def test_a_file_of_nothing_but_broken_lines_is_refused(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + f"{MARKER}\n" * 100_001)
    assert refused(settings, store, tmp_path / "in").code == "too-many-broken-lines"


def test_values_that_look_like_commands_stay_values(settings: Settings, store: Store, tmp_path: Path) -> None:
    code = "'); COPY (SELECT 1) TO '/tmp/x'; --"
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + f'9000000009,2020-01-05,"{code}",2020-01-31\n')
    assert [row["Code"] for row in staged(settings, land(settings, store, tmp_path / "in"), "entry")] == [code]


@pytest.mark.parametrize(
    "words", ["infinity", "-infinity", "epoch", "2020-01-01 (BC)", "99999-01-01", "0000-00-00", "1e3"]
)
def test_absurd_dates_are_no_dates(settings: Settings, store: Store, tmp_path: Path, words: str) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW + ROW.replace("2020-01-05", words))
    report = land(settings, store, tmp_path / "in")
    assert report.ledger.tables[0].rows_kept == 1


@pytest.mark.parametrize("words", ["nan", "inf", "-Infinity", "1e999", "1_0", "0x5", "five"])
def test_absurd_numbers_are_no_numbers(settings: Settings, store: Store, tmp_path: Path, words: str) -> None:
    write_csv(tmp_path / "in", "person", [PERSON])
    write_csv(tmp_path / "in", "visit", [VISIT, {**VISIT, "Visit": 2, "Score": words}])
    report = land(settings, store, tmp_path / "in")
    assert [row["Visit"] for row in staged(settings, report, "visit")] == [1]


def test_no_value_leaves_the_identifiable_zone(settings: Settings, store: Store, tmp_path: Path) -> None:
    """Marker values in every place of good and bad rows; then every file outside the zone is searched for them."""
    people = [{**PERSON, "Person": f"{MARKER}{n}", "Name": MARKER, "Sex": MARKER if n % 2 else ""} for n in range(20)]
    visits = [{**VISIT, "Visit": n, "Person": MARKER, "Came": MARKER, "Note": MARKER} for n in range(20)]
    write_csv(tmp_path / "in", "person", people)
    write_csv(tmp_path / "in", "visit", visits)
    report = land(settings, store, tmp_path / "in")
    assert report.page.exists() and report.ledger.total("rows_quarantined") == 30
    zone = settings.folder.identifiable
    for file in settings.folder.root.rglob("*"):
        if file.is_file() and not file.is_relative_to(zone):
            assert MARKER.encode() not in file.read_bytes(), file
    kept = zone / "deliveries" / report.delivery.id / "quarantine"
    assert all(MARKER.encode() not in file.read_bytes() for file in kept.rglob("*.parquet"))


def test_a_full_disk_while_copying_leaves_nothing(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(settings, store, tmp_path / "in").code == "disk-full"


def test_two_landings_at_once_are_refused_in_plain_words(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_text(tmp_path / "in", "ClinicEntry.csv", HEADER + ROW)
    write_text(tmp_path / "other", "ClinicEntry.csv", HEADER + ROW + ROW)
    told: list[str] = []

    def meddle(what: str, done: int, total: int) -> None:
        if what == "recording" and not told:
            thread = threading.Thread(target=try_other)
            thread.start()
            thread.join()

    def try_other() -> None:
        try:
            land(settings, store, tmp_path / "other")
        except Refusal as refusal:
            told.append(refusal.code)

    land(settings, store, tmp_path / "in", progress=meddle)
    assert told == ["landing-under-way"]


def test_the_engine_spills_into_the_zone_and_knows_no_extension(settings: Settings, tmp_path: Path) -> None:
    with engine.open_engine(settings, settings.folder.identifiable / "scratch") as connection:
        set_to = dict(
            connection.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name IN"
                " ('temp_directory', 'memory_limit', 'autoload_known_extensions')"
            ).fetchall()
        )
    assert Path(set_to["temp_directory"]).is_relative_to(settings.folder.identifiable)
    assert set_to["autoload_known_extensions"] == "false"
    assert text.MOST_EXPANSION < 1000  # what deflate can do with zeros
