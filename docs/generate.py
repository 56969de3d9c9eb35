"""Writes the reference pages that are made from code and data. `--check` fails if a page is out of date.

Run: python -m docs.generate [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.pages import (
    applications,
    command_line,
    data_uses,
    egress_states,
    feeds,
    linkage,
    mappings,
    opt_outs,
    profiles,
    query_sql,
    refusals,
    reidentification,
    release_manifest,
    rules,
    settings,
    surfaces,
    tables,
    workspace_policy,
)

REFERENCE = Path(__file__).parent / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "application-form.md": applications.form_page,
    "application-states.md": applications.states_page,
    "command-line.md": command_line.page,
    "data-uses.schema.json": data_uses.schema,
    "disclosure-profiles.md": profiles.page,
    "disclosure-rules.md": rules.page,
    "egress-states.md": egress_states.page,
    "feeds.md": feeds.page,
    "mappings.md": mappings.page,
    "linking-rules.md": linkage.page,
    "omop-tables.md": tables.page,
    "opt-outs.md": opt_outs.page,
    "query-refusals.md": refusals.page,
    "query-sql.md": query_sql.page,
    "re-identification.md": reidentification.page,
    "release-manifest.md": release_manifest.page,
    "settings.md": settings.page,
    "surfaces.md": surfaces.page,
    "workspace-policy.md": workspace_policy.page,
}
NOTE = "<!-- Made from the code by `make docs`; change it there. -->\n\n"


def main(check: bool) -> int:
    """Write every page, or with `check` name the stale ones. Returns the exit code."""
    stale = []
    for name, make in PAGES.items():
        text = ("" if name.endswith(".json") else NOTE) + make().rstrip() + "\n"
        file = REFERENCE / name
        if check:
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            file.write_text(text, encoding="utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
