"""What the airlock's automatic checks say of files before anything is submitted: a table in a notebook, words in a
terminal. The files are read by the airlock's locked child, never by the code here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from sde.errors import Refused
from sde.transport import call

SERVICE = "airlock"
COLUMNS = ["file", "check", "severity", "where", "why", "fix"]
BATCH = 50  # files of one question: as many as one request holds; their tables are judged together
MOST_FILES = 500
UNSEEN = (
    "Not looked at here: whether the numbers are answers of the query guard, and what earlier releases together with "
    "these files tell. The airlock looks at both when you submit."
)
MEANING = {"FAIL": "would bounce", "REVIEW": "a person must look", "PASS": "nothing found"}
COLOURS = {"FAIL": "#b3261e", "REVIEW": "#8a5a00", "PASS": "#1b6e3c"}


class Checked(pd.DataFrame):
    """What `sde.check` returns: a DataFrame with a row for each finding.

    Attributes:
        verdicts: file -> PASS (nothing found), REVIEW (a person must look) or FAIL (would come back to you).
        verdict: the worst of them.
        profile: the disclosure profile that was used, with its version.
    """

    _metadata = ["verdicts", "profile", "rules"]
    verdicts: dict[str, str] = {}
    profile: str = ""
    rules: str = ""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame  # what you take out of it is an ordinary table

    @property
    def verdict(self) -> str:
        """FAIL if any file would bounce, else REVIEW if a person must look at one, else PASS."""
        return next((word for word in MEANING if word in self.verdicts.values()), "PASS")

    @property
    def summary(self) -> str:
        """One sentence: how many files would bounce, how many a person must look at."""
        given = list(self.verdicts.values())
        parts = [f"{given.count(word)} {MEANING[word]}" for word in MEANING if word in given]
        files = "1 file" if len(given) == 1 else f"{len(given)} files"
        return f"{files}: {', '.join(parts)}. Profile {self.profile} ({self.rules})."

    def __repr__(self) -> str:
        lines = [self.summary]
        for file, verdict in self.verdicts.items():
            lines.append(f"\n{verdict:6} {visible(file)} ({MEANING[verdict]})")
            for check, severity, why, fix, places in self._grouped(file):
                lines += [f"  {severity:6} {check}: {visible(why)}", f"         {visible(fix)}"]
                lines += [f"         at {visible(place)}" for place in places if place]
        return "\n".join([*lines, "", UNSEEN])

    def _repr_html_(self) -> str:
        rows = "".join(self._rows_of(file, verdict) for file, verdict in self.verdicts.items())
        head = "".join(f'<th scope="col" style="text-align:left">{name}</th>' for name in HEADS)
        style = "border-collapse:collapse;text-align:left"
        return (
            f"<p><b>{escape(self.summary)}</b></p>"
            f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
            f"<p><small>{escape(UNSEEN)}</small></p>"
        )

    def _rows_of(self, file: str, verdict: str) -> str:
        found = list(self._grouped(file)) or [("", verdict, MEANING["PASS"], "", ())]
        return "".join(
            _row(file if first else "", check, severity, why, fix, places)
            for first, (check, severity, why, fix, places) in zip([True] + [False] * len(found), found, strict=False)
        )

    def _grouped(self, file: str) -> Iterator[tuple[str, str, str, str, tuple[str, ...]]]:
        """(check, severity, why, fix, places): findings that say the same, with all of their places."""
        own = pd.DataFrame(self)[self["file"] == file]
        groups: dict[tuple[str, str, str, str], list[str]] = {}
        for check, severity, where, why, fix in own[COLUMNS[1:]].itertuples(index=False):
            groups.setdefault((check, severity, why, fix), []).append(where)
        for (check, severity, why, fix), places in groups.items():
            yield check, severity, why, fix, tuple(places)


HEADS = ("", "file", "check", "where", "why and what to do")


def check(files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Checked:
    """What the airlock's automatic checks say of these files and folders; nothing is stored or sent for review.

    A folder stands for all files in it and below, without hidden ones. Raises Refused (`no-output-file`,
    `too-many-files`), FileNotFoundError.
    """
    names = find_files([files] if isinstance(files, str | os.PathLike) else list(files))
    told = [_ask(names[first : first + BATCH]) for first in range(0, len(names), BATCH)]
    reports = [report for one in told for report in one["files"]]
    pairs = list(zip(names, reports, strict=True))
    rows = [[str(name), *(found[key] for key in COLUMNS[1:])] for name, file in pairs for found in file["findings"]]
    checked, rules = Checked(rows, columns=COLUMNS), told[0]["profile"]
    for attribute, value in {
        "verdicts": {str(name): report["verdict"] for name, report in pairs},
        "profile": rules["version"],
        "rules": f"groups under {rules['threshold']} suppressed, counts rounded to {rules['round_to']}",
    }.items():
        object.__setattr__(checked, attribute, value)
    return checked


def find_files(given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The files meant, each once, folders walked in order of name; links in folders are not followed."""
    found: dict[Path, None] = {}
    for path in map(Path, given):
        found.update(dict.fromkeys(_below(path) if path.is_dir() else [path]))
        if len(found) > MOST_FILES:
            raise Refused(
                "too-many-files", f"These are more than {MOST_FILES} files.", "Name fewer, or a smaller folder."
            )
    if not found:
        raise Refused("no-output-file", "There is no file to check.", "Name a file, or a folder with files in it.")
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(place, name) for name in sorted(names) if not name.startswith("."))
        yield from (file for file in files if file.is_file() and not file.is_symlink())


def _ask(files: list[Path]) -> dict[str, Any]:
    with ExitStack() as opened:
        parts = [("files", (file.name, opened.enter_context(file.open("rb")))) for file in files]
        told: dict[str, Any] = call(SERVICE, "POST", "/v1/check", files=parts).json()
    return told


def _row(file: str, check: str, severity: str, why: str, fix: str, places: tuple[str, ...]) -> str:
    word = f'<b style="color:{COLOURS[severity]}">{severity}</b>'
    said = f"{_shown(why)}<br><small>{_shown(fix)}</small>" if fix else _shown(why)
    cells = (word, _shown(file), _shown(check), "<br>".join(map(_shown, places)), said)
    style = "text-align:left;vertical-align:top;white-space:normal"
    return f"<tr>{''.join(f'<td style={chr(34)}{style}{chr(34)}>{cell}</td>' for cell in cells)}</tr>"


def _shown(text: str) -> str:
    return escape(visible(text))


def visible(text: str) -> str:
    """Without control characters and half characters, which a terminal would obey or choke on."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
