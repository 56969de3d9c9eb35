"""The feeds the intake takes in, table by table, and the code lists, from intake.feeds."""

from __future__ import annotations

from intake.feeds import IDENTIFIERS, Feed, FeedColumn, FeedTable, code_lists, feeds

_HEAD = """# Feeds

What each feed delivers: its files, their columns, and what a value must be. A file of a delivery is matched to a
table by its name without ending. A column is named as the feed's own specification names it; one marked *local* is not
in the specification, it is agreed with the controller. Columns marked **identifier** stay in the identifiable zone and
are in no extract."""


def page() -> str:
    """Every feed, then every code list."""
    return "\n\n".join([_HEAD, *(_feed(feed) for feed in feeds().values()), _lists()])


def _feed(feed: Feed) -> str:
    head = f"## {feed.title} (`{feed.name}`)\n\nController: {', '.join(f'`{one}`' for one in feed.controllers)}."
    if not feed.region:
        head += " A foreign feed: its people never join the region's."
    return "\n\n".join([head, *(_table(table) for table in feed.tables.values())])


def _table(table: FeedTable) -> str:
    rows = "\n".join(_column(column) for column in table.columns.values())
    return (
        f"### `{table.name}`: {table.title}\n\n{_facts(table)}\n\n"
        f"| column | type | a value must be | meaning |\n|---|---|---|---|\n{rows}"
    )


def _facts(table: FeedTable) -> str:
    facts = [f"File `{table.file}`."]
    if table.key:
        facts.append(f"A row is named by {_names(table.key)}.")
    if table.person:
        facts.append(f"A person is named by {_names(table.person)}.")
    if table.submission:
        facts.append(f"Within one {_names(table.period)} only the highest `{table.submission}` counts.")
    if table.event_date:
        facts.append(f"It happened at `{table.event_date}`.")
    facts += [f"{_names(held)} must be found in `{other}`." for other, held in table.refers.items()]
    return " ".join(facts)


def _names(columns: tuple[str, ...]) -> str:
    return " + ".join(f"`{name}`" for name in columns)


def _column(column: FeedColumn) -> str:
    rules = ["present"] if column.required else []
    if column.codes:
        rules.append(f"in [{column.codes}](#{column.codes})")
    if column.low is not None and column.high is not None:
        rules.append(f"{column.low:g} to {column.high:g}")
    meaning = column.description
    if column.meaning in IDENTIFIERS:
        meaning += " (**identifier**)"
    if column.plain:
        meaning += " (*local*)"
    return f"| `{column.name}` | {column.type} | {', '.join(rules)} | {meaning} |"


def _lists() -> str:
    parts = ["## Code lists"]
    for name, codes in code_lists().items():
        rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in codes.items())
        parts.append(f"### {name}\n\n| code | meaning |\n|---|---|\n{rows}")
    return "\n\n".join(parts)
