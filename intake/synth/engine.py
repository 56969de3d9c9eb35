"""Opens the engine that makes the region, with its rules as tables. Promise: what it makes depends on the order's seed
and number of people alone, not on how many processors there are nor on what was made before."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from types import TracebackType

import duckdb

from intake.feeds import region_feeds

#: Feeds' rules: what happens in which life course, one table of rules each.
RULES = ("journal", "apc", "op", "ecds", "ambulance", "community", "mental_health", "social_care")
#: First and last day of the region's fifteen years, in days since 1970: 2011-01-01 and 2025-12-31.
OPENS, CLOSES = 14975, 20453
#: Columns that are words even where they look like numbers.
_TEXT = frozenset(
    {
        *("code", "diagnosis", "operation", "complaint", "finding", "icd10", "reason", "condition", "unless"),
        *("acuity", "specialty", "team", "source", "quantity", "days", "method", "class", "form"),
    }
)


class Engine:
    """One connection, closed at the end of the block; spills beside what is written and leaves nothing behind."""

    def __init__(self, people: int, seed: int, memory_bytes: int, spill: Path) -> None:
        self.connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_bytes // 2**20}MiB",
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                # Joins run as they are written, the left side streaming: so rows come out in one order, always.
                "disabled_optimizers": "join_order,build_side_probe_side",
            }
        )
        self._set("people", people)
        self._set("seed", seed)
        self._set("opens", OPENS)
        self._set("closes", CLOSES)
        self._set("spread", max(2 * people // 5 + 1, 1))
        self._set("postcodes", max(people // 36, 1))
        self._set("lsoas", max(people // 1600, 8))
        self._set("practices", max(people // 7500, 5))
        self.run("draws")
        self._load_rules()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(duckdb.Error):
            self.connection.close()

    def run(self, name: str) -> None:
        """Every statement of one file of `sql/`."""
        self.connection.execute(read_sql(name))

    def happen(self, rules: str, *, keep: str = "TABLE", ever: bool = False) -> None:
        """`<rules>_event`: what these rules make happen. `ever`: what happens once may have happened before the region
        opened. `keep`: as a TABLE, or only as a VIEW that is read once, by a query without joins or filters."""
        self.connection.execute(read_sql("happenings").format(rules=rules, keep=keep, ever=str(ever).lower()))

    def turn_to(self, first: int, last: int) -> None:
        """The block of people that is made next, from `first` to before `last`."""
        self._set("first", first)
        self._set("last", last)

    def count(self, relation: str) -> int:
        """Rows of a relation."""
        return int(self.connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])

    def _set(self, name: str, value: int) -> None:
        self.connection.execute(f"SET VARIABLE {name} = {int(value)}")

    def _load_rules(self) -> None:
        self._read("disease", "SELECT * FROM {}")
        self._read("name_list", _NAMES)
        self._read("fault", 'SELECT *, (draw(fault || feed || "table", 77) % every)::BIGINT AS place FROM {}')
        self._read("opt_out_rate", "SELECT *, row_number() OVER () AS nth FROM {}", file="optouts")
        self._read("canary", "SELECT * FROM {}", file="../canaries")
        for stream, rules in enumerate(RULES, 1):
            self._read(f"rule_{rules}", _RULE.format(stream=stream, draw=_draw(rules), table="{}"), file=rules)
        rows = ", ".join(f"('{feed.name}', '{feed.controllers[0]}')" for feed in region_feeds())
        self.connection.execute(f"CREATE TEMP TABLE controller AS FROM (VALUES {rows}) AS rows(feed, controller)")

    def _read(self, table: str, query: str, *, file: str | None = None) -> None:
        path = str(files(__package__).joinpath("rules", f"{file or table.removesuffix('_list') + 's'}.csv"))
        header = Path(path).read_text(encoding="utf-8").split("\n", 1)[0].replace('"', "").split(",")
        text = ", ".join(f"'{name}': 'VARCHAR'" for name in header if name in _TEXT)
        source = f"read_csv('{path.replace(chr(39), chr(39) * 2)}', types={{{text}}})"
        self.connection.execute(f"CREATE TEMP TABLE {table} AS {query.format(source)}")


def read_sql(name: str) -> str:
    """The text of one file of `sql/`."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def _draw(rules: str) -> str:
    """Which rules share their draws: both values of one blood pressure are of one moment."""
    return "coalesce(draw, rule)" if rules == "journal" else "rule"


_NAMES = """SELECT {columns} FROM {{}}""".format(
    columns=", ".join(
        f"list(name ORDER BY rank) FILTER (list = '{held}') AS {column}"
        for held, column in {
            **{name: name for name in ("f_old", "f_mid", "f_new", "m_old", "m_mid", "m_new", "f_asian", "m_asian")},
            "surname": "surname",
            "surname_asian": "surname_asian",
            "first": "first_part",
            "last": "last_part",
        }.items()
    )
)
_RULE = """SELECT r.* EXCLUDE (condition, unless), d.id, {stream} * 10000 + {draw} * 10 AS stream,
    coalesce((SELECT bit_or(1::UINTEGER << o.id) FROM disease AS o
        WHERE list_contains(string_split(r.unless, ' '), o.condition)), 0) AS unless_held
    FROM {table} AS r JOIN disease AS d USING (condition) ORDER BY rule"""
