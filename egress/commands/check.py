"""`sde check`: the airlock's checks on files at hand, before anything is submitted. Needs no gateway and no state."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from egress.findings import CheckReport, Severity
from egress.inspection.locked_child import MOST_BYTES, run_checks_on_all  # not by egress.checks, which loads them all
from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal

EXIT_FAILED_CHECK = 1
MOST_FILES = 1000
LIMIT_SETTING = "SDE_EGRESS_FILE_BYTES"
UNSEEN = (
    "Not looked at here: whether the numbers are answers of the query guard, and what earlier releases together with "
    "these files tell. The airlock looks at both when they are submitted."
)
STYLES = {Severity.PASS: "green", Severity.REVIEW: "yellow", Severity.FAIL: "red"}
MEANINGS = {
    Severity.PASS: "nothing found",
    Severity.REVIEW: "a person must look",
    Severity.FAIL: "may not leave as it is",
}

app = typer.Typer()


@app.command()
def check(
    files: list[str] = typer.Argument(
        help="Files, or folders with files in them; each file gets a verdict, whatever it is."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line: path, verdict, findings."),
    profile: str = typer.Option("nhs-sde", "--profile", help=f"Disclosure profile: {', '.join(PROFILES)}."),
) -> None:
    """Check files as the airlock will: counts, identifiers, row-level data, file types, hidden and active content.

    PASS: nothing found. REVIEW: a person must look. FAIL: may not leave as it is. Checks advise and block; only two
    output checkers approve. Exit code 0 if no file fails, 1 if any does, 2 for wrong usage.
    """
    rules = _profile(profile)
    verdicts: Counter[Severity] = Counter()
    paths = _files_of(files)
    for path, report in zip(paths, _reports(paths, rules), strict=True):
        verdicts[report.verdict] += 1
        if as_json:
            findings = [finding.as_dict() for finding in report.findings]
            sys.stdout.write(json.dumps({"path": path, "verdict": str(report.verdict), "findings": findings}) + "\n")
            sys.stdout.flush()
        else:
            _print_report(path, report)
    if not as_json:
        _print_summary(verdicts, rules)
    if verdicts[Severity.FAIL]:
        raise typer.Exit(EXIT_FAILED_CHECK)


def _profile(name: str) -> DisclosureProfile:
    if name not in PROFILES:
        raise Refusal("unknown-profile", "There is no such disclosure profile.", f"Use one of: {', '.join(PROFILES)}.")
    return PROFILES[name]


def _files_of(given: Sequence[str]) -> list[str]:
    """The files meant: a folder stands for what is in it and below, hidden files apart; links in it are not followed.

    Raises Refusal `no-file-to-check`, `too-many-files`.
    """
    found: list[str] = []
    for path in given:
        folder = Path(path)
        is_folder = folder.is_dir() and not folder.is_symlink()
        for file in _below(folder) if is_folder else (path,):
            found.append(file)
            if len(found) > MOST_FILES:
                why = f"These are more than {MOST_FILES} files."
                raise Refusal("too-many-files", why, "Name fewer files, or a smaller folder.")
    if not found:
        raise Refusal("no-file-to-check", "There is no file to check.", "Name a file, or a folder with files in it.")
    return found


def _below(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (str(Path(place, name)) for name in sorted(names) if not name.startswith("."))


def _reports(files: Sequence[str], profile: DisclosureProfile) -> Iterator[CheckReport]:
    """Reports in order, with a sign of life on a terminal while a file is being read."""
    named = [(Path(file), Path(file).name) for file in files]
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True
    ) as sign:
        task = sign.add_task("", total=None)
        done = count(1)

        def tell() -> None:
            sign.update(task, description=f"checked {next(done)} of {len(named)}")

        yield from run_checks_on_all(named, profile, limit=_limit(), tick=tell)


def _limit() -> int:
    """The gateway's own limit where there is one; checking must not fail for settings of something else.

    Loading them takes longer than checking most files, so that is done only where somebody has set something.
    """
    written = Path(os.environ.get("SDE_STATE") or "var", "sde.toml").exists()
    if not written and LIMIT_SETTING not in map(str.upper, os.environ):
        return MOST_BYTES
    from governance.settings import load_settings

    try:
        return load_settings().egress_file_bytes
    except Refusal:
        return MOST_BYTES


def _print_report(path: str, report: CheckReport) -> None:
    console = Console()
    title = Text.assemble(
        (f" {report.verdict} ", f"bold reverse {STYLES[report.verdict]}"),
        f" {_printable(path)} ({MEANINGS[report.verdict]})",
    )
    console.print(title, highlight=False)
    if not report.findings:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_lines=False)
    for name in ("", "check", "where", "why and what to do"):
        table.add_column(name, overflow="fold")
    for (severity, name, why, fix), places in _grouped(report).items():
        said = Text.assemble(_printable(why), "\n", (_printable(fix), "dim"))
        where = Text("\n".join(_printable(place) for place in places))
        table.add_row(Text(str(severity), style=STYLES[severity]), Text(_printable(name)), where, said)
    console.print(table, highlight=False)


def _print_summary(verdicts: Counter[Severity], profile: DisclosureProfile) -> None:
    """Once, below all files: how many of each verdict, by which rules, and what these checks do not see."""
    said = ", ".join(f"{verdicts[severity]} {severity} ({MEANINGS[severity]})" for severity in reversed(Severity))
    rules = f"groups under {profile.threshold} suppressed, counts rounded to {profile.round_to}"
    console = Console()
    console.print(f"\n{said}. Profile {profile.version}: {rules}.", highlight=False)
    console.print(UNSEEN, style="dim", highlight=False)


def _grouped(report: CheckReport) -> dict[tuple[Severity, str, str, str], list[str]]:
    """Findings that say the same, with all of their places."""
    groups: dict[tuple[Severity, str, str, str], list[str]] = {}
    for finding in report.findings:
        groups.setdefault((finding.severity, finding.check, finding.why, finding.fix), []).append(finding.where)
    return groups


def _printable(text: str) -> str:
    """Without control characters and half characters, which a terminal would obey or choke on."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
