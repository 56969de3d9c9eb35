"""All of DuckDB's SELECT, and what is none: questions of the guard's language with pieces of the whole language put in.

Pieces go wherever a value, an item of SELECT, a relation, a clause or a word stands, so that each is met in places in
which a reader expects it and in such in which it does not.
"""

from __future__ import annotations

import re
from random import Random

from tests.support.guard_grammar import Grammar
from tests.support.guard_grammar_nested import NestedGrammar

# {e} any value, {c} a column, {q} a query, {s} a relation, {f} a function's name, {n} a word or name
VALUES = r"""
[{e}, {e}]
list_value({e}, {e})[1]
[1, 2, 3][{e}:2]
[x + 1 for x in [1, 2] if x > 1]
list_transform([{e}], lambda x: x + 1)
list_filter([{e}], x -> x > 1)
reduce([1, 2], (a, b) -> a + b)
{'a': {e}, 'b': 2}
{'a': {e}}.a
struct_pack(a := {e}).a
row({e}, {e})
({e}, {e}) = ({e}, {e})
MAP {'k': {e}}['k']
union_value(k := {e})
{c}.year
{c}.upper()
({c}).lower().trim()
{c}[1:2]
{c}[-1]
person
p
#1
$1
?
:name
@name
columns(*)
columns('.*_id')
columns(x -> x like 'p%')
min(columns(* exclude (person_id)))
*columns(*)
unpack(columns(*))
* like 'p%'
{e} ** {e}
{e} ^ 2
{e} & 1
{e} << 62
{e} // {e}
{e} % {e}
~{e}
@{e}
{e}!
!{e}
- - -{e}
+{e}
{e} || {e}
{e} -> 'a'
{e} ->> '$.a'
{e} @> {e}
{e} ^@ 'M'
{e} ~ '(a*)*b'
{e} !~~* 'M%'
{e} similar to 'a|b'
{e} glob 'M*'
{e} like 'a!%' escape '!'
{e} not ilike '%!' escape '!'
{e} like {e}
{e} between symmetric {e} and {e}
{e} is distinct from {e}
{e} is not null
{e} isnull
{e} is unknown
{e} collate nocase
{e} at time zone 'UTC'
{e} in ({e}, {e})
{e} in [1, 2]
{e} in (select {c} from {s})
{e} in {c}
{e} = any (select {c} from {s})
{e} > all ({q})
exists ({q})
not exists (from {s})
array({q})
({q})
(select {c} from {s} limit 1)
(from person select count(*))
cast({e} as integer[])
cast({e} as struct(a integer))
cast({e} as decimal(38, 37))
cast({e} as hugeint)
cast({e} as enum('a'))
cast({e} as uuid)
cast({e} as bit)
cast({e} as time)
cast({e} as timestamptz)
cast({e} as "varchar")
{e}::int::text::date
{e}::main.integer
try_cast({e} as json)
try({e})
case when {e} then {e} end
case {e} when {e} then {e} else {e} end
if({e}, {e}, {e})
coalesce({e})
nullif({e}, {e})
greatest({e}, {e})
{f}({e})
{f}({e}, {e})
{f}({e}, {e}, {e})
{f}()
{f}(*)
{f}(distinct {e})
{f}({e} order by {e})
{f}({e}, 'x' order by {c} desc nulls first) filter (where {e})
{f}({e}) within group (order by {e})
{f}({e} ignore nulls) over (partition by {c} order by {c})
{f}({e}) over ()
{f}({e}) over w
{f}({e}) over (w order by {c})
{f}({e}) over (order by {c} groups between 1 preceding and current row exclude ties)
{f}({e}) over (order by {c} range between interval 3 day preceding and unbounded following)
{f}({e}) over (partition by person_id order by {c} rows between {e} preceding and 1 following)
main.{f}({e})
system.main.{f}({e})
"{f}"({e})
{f}(x := {e})
lag({e}, 1, {e}) over (partition by person_id order by {c})
ntile({e}) over (order by {c})
row_number() over (partition by person_id)
quantile_cont({e}, [0.25, 0.5])
quantile_disc({e}, 0.5)
percentile_disc(0.5) within group (order by {e} desc)
count(distinct ({c}, {c}))
count({e}) filter (where {e})
string_agg({e}, ',' order by {e})
arg_max({c}, {c}, 3)
grouping({c})
grouping_id({c}, {c})
date {e}
date '2020-02-30'
date 'infinity'
timestamp '2020-01-01 10:00:00+02'
timestamptz 'now'
time '10:00'
interval {e} day
interval (1 + 1) month
interval '1 year 2 months'
interval '14 months ago'
({c} + interval ({e}) day)
date_trunc({c}, {c})
date_trunc('millennium', {c})
extract(epoch from {c})
extract({c} from {c})
date_part('year', age({c}, {c}))
date_sub('month', {c}, {c})
last_day({c})
strptime({e}, '%Y')
strftime({c}, {e})
current_date
now()
localtimestamp
current_setting('secret_directory')
getvariable('x')
nextval('s')
random()
uuid()
error('x')
0x1F
0b101
1_000_000
.5e-3
5.
1e400
99999999999999999999999999999999999999999
1e
'it''s'
E'\n\x41'
e'\''
$$text$$
$tag$text$tag$
X'AB'
b'1010'
U&'\0041'
N'x'
'é' || 'ß'
'ﬁ'
"{c}"
"PERSON_ID"
"no such"
"a""b"
`{c}`
ｐerson_id
true
null
NULL::int
default
""".strip().splitlines()
ITEMS = r"""
*
* exclude (person_id)
* exclude ({c}, {c})
* replace ({e} as {c})
* rename ({c} as x)
* exclude (person_id) replace ({e} as {c})
p.*
no_table.*
{n}: {e}
"{n}": {c}
{e} as {n}
{e} "{n} {n}"
{e} as 'text'
{e} {n}
columns(c -> c like '%e%') + 1
unnest([1, 2])
unnest({'a': 1})
{c} as person_id
person_id as {c}
distinct {e}
""".strip().splitlines()
RELATIONS = r"""
person
PERSON
"person"
main.person
memory.main.person
pg_catalog.pg_tables
information_schema.columns
duckdb_tables()
duckdb_settings()
duckdb_columns
sqlite_master
sde_marks
sde_w1
range(3)
range(3) with ordinality
generate_series(1, 3) as g(n)
unnest([1, 2]) as u(x)
repeat_row(1, num_rows = 3)
query('select * from person')
query_table('person')
json_execute_serialized_sql('{}')
pragma_storage_info('person')
read_csv('/etc/passwd')
read_text('x')
glob('*')
'file.csv'
"file.parquet"
s3('x')
summary(person)
(values (1, 'a'), (2, 'b')) as v(a, b)
(values (1), (2, 3))
(from person)
({q})
({q}) as x(a, b, c, d, e, f, g, h)
(select * from person) tablesample reservoir(10)
person tablesample 10%
person at (version => 1)
person as of timestamp '2020-01-01'
lateral (select {e})
lateral ({q}) as l
(pivot person on gender_concept_id using count(*))
(unpivot person on gender_concept_id, year_of_birth into name k value v)
(describe person)
(summarize person)
(show tables)
p: person
only person
person p, death d
(person join death using (person_id))
(person p join death d on p.person_id = d.person_id) as j
""".strip().splitlines()
JOINS = r"""
positional join {s}
asof join {s} on {e}
asof left join {s} using (person_id, {c})
natural join {s}
natural left join {s}
cross join {s}
semi join {s} using (person_id)
anti join {s} on {e}
right join {s} on {e}
full outer join {s} using (person_id)
left semi join {s} on {e}
inner join lateral ({q}) on true
join {s} using (person_id, {c})
join {s}
, {s}
, lateral (select {e} as x)
""".strip().splitlines()
CLAUSES = r"""
where {e}
where rowid = 1
group by all
group by {e}
group by ()
group by 1, 2
group by #1
group by rollup ({c}, {c})
group by cube ({c}, {c}, {c})
group by grouping sets (({c}), (), ({c}, {c}))
group by grouping sets (rollup ({c}), cube ({c}))
group by all having {e}
having {e}
having count(*) = 1
qualify {e}
qualify row_number() over (partition by {c}) = 1
window w as (partition by {c} order by {c})
window w as (), v as (w order by {c})
order by all
order by all desc nulls first
order by {e} collate nocase
order by #2
order by random()
limit 10
limit 10%
limit all
limit (select 3)
limit {e} offset {e}
fetch first 3 rows only
using sample 10%
using sample reservoir(5 rows) repeatable (1)
tablesample bernoulli(10 percent)
for update
union all by name {q}
union by name {q}
intersect all {q}
except {q}
union {q} order by 1 limit 3
""".strip().splitlines()
STATEMENTS = r"""
{q};
{q}; {q}
({q})
(({q}) union all ({q})) order by 1
from {s}
from {s} select {e}
from {s} {n} where {e}
with a as ({q}) select * from a
with a as ({q}), b as (from a) from b
with a(x, y) as materialized ({q}) from a select count(*)
with person as ({q}) select count(*) from person
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select count(*) from r
with recursive r(n) using key (n) as (select 1 union select n + 1 from r) from r
with a as (insert into person values (1) returning *) select * from a
with a as (delete from person returning *) from a
values (1, {e}), (2, {e})
table person
pivot person on gender_concept_id using count(*) group by year_of_birth
unpivot person on gender_concept_id into name k value v
describe {q}
summarize {q}
explain analyze {q}
show tables
copy ({q}) to 'x.csv'
create temp table x as {q}
create macro f(x) as x + 1
insert into person {q}
set variable v = ({q})
pragma version
call duckdb_tables()
attach 'x.db'
install httpfs
prepare v as {q}
execute v(1)
export database 'x'
checkpoint
load json
use memory
select
select {e} from
/* outer /* inner */ {q} */
{q} -- {n}
-- {n}
/* {n} */ {q}
""".strip().splitlines()
NAMES = (
    "x",
    "n",
    "person",
    "select_",
    "año",
    "group",
    "row",
    "END",
    "a_very_long_name_" * 8,
    "p",
    "count",
    "level",
    "k1",
)
COLUMNS = (
    *("person_id", "gender_concept_id", "year_of_birth", "birth_datetime", "race_source_value", "measurement_date"),
    *("value_as_number", "days_supply", "cost", "is_abnormal", "photo", "visit_start_date", "concept_name", "weight"),
    *("p.person_id", "no_such_column", "rowid", "nhs_number", "mark", "person_ordinal", "t1.person_id"),
)
_PLACE = re.compile(r"\{([ecqsfn])\}")
_WORD = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\w+|\s+|.", re.DOTALL)
_DEEPEST = 3


class WildGrammar:
    """Draws statements from one source of randomness. `functions`: names of the engine's functions."""

    def __init__(self, random: Random, functions: tuple[str, ...]) -> None:
        self.random, self.functions = random, functions

    def statement(self) -> str:
        """One statement: mostly a question with a few pieces put in, else one of the odd forms, sometimes broken."""
        kind = self.random.random()
        if kind < 0.12:
            text = self.fill(self.random.choice(STATEMENTS), _DEEPEST)
        elif kind < 0.24:
            text = self.select(_DEEPEST)
        else:
            text = self.question()
            for _ in range(self.random.choice((0, 0, 1, 1, 1, 2))):
                text = self.put_in(text)
        return self.broken(text) if self.random.random() < 0.12 else text

    def question(self) -> str:
        """A question of the guard's own language."""
        grammar = NestedGrammar(self.random, 0.0) if self.random.random() < 0.4 else Grammar(self.random, 2)
        return grammar.question()

    def select(self, depth: int) -> str:
        """A SELECT whose parts are all odd."""
        chance, choice = self.random.random, self.random.choice
        items = ", ".join(
            self.fill(choice(ITEMS if chance() < 0.4 else VALUES), depth - 1) for _ in range(choice((1, 2)))
        )
        text = f"select {items} from {self.relation(depth - 1)}"
        text += f" {self.fill(choice(JOINS), depth - 1)}" if chance() < 0.4 else ""
        for clause in sorted(self.random.sample(range(len(CLAUSES)), choice((0, 1, 1, 2)))):
            text += f" {self.fill(CLAUSES[clause], depth - 1)}"
        return text

    def relation(self, depth: int) -> str:
        """What stands behind FROM."""
        plain = ("person p", "measurement", "concept", "visit_occurrence v")
        return self.fill(self.random.choice(RELATIONS if self.random.random() < 0.6 else plain), depth)

    def value(self, depth: int) -> str:
        """A value: a column, a literal, or a piece of the language."""
        if depth <= 0 or self.random.random() < 0.4:
            return self.random.choice((*COLUMNS, "1", "'M'", "2.5", "date '2020-01-01'"))
        return self.fill(self.random.choice(VALUES), depth - 1)

    def query(self, depth: int) -> str:
        """A query inside the query."""
        return (
            self.select(depth - 1)
            if depth > 1
            else self.random.choice(
                ("select 1", "select count(*) from person", "select person_id from person", "from death", "values (1)")
            )
        )

    def fill(self, form: str, depth: int) -> str:
        """A form with its places filled."""
        drawn = {
            "e": lambda: self.value(depth),
            "c": lambda: self.random.choice(COLUMNS),
            "q": lambda: self.query(depth),
            "s": lambda: self.relation(depth - 1) if depth > 0 else "person",
            "f": lambda: self.random.choice(self.functions),
            "n": lambda: self.random.choice(NAMES),
        }
        return _PLACE.sub(lambda found: drawn[found.group(1)](), form)

    def put_in(self, text: str) -> str:
        """`text` with one piece more: a value for a word, an item, a join, a clause, brackets around it all."""
        words = _WORD.findall(text)
        places = [place for place, word in enumerate(words) if word.strip() and (word[0].isalnum() or word[0] == "'")]
        place, kind = self.random.choice(places), self.random.random()
        if kind < 0.5:
            words[place] = self.value(2)
        elif kind < 0.62:
            words.insert(place, f"{self.fill(self.random.choice(ITEMS), 1)}, ")
        elif kind < 0.74:
            words.insert(place, f"{self.fill(self.random.choice(JOINS), 1)} ")
        elif kind < 0.9:
            words.append(f" {self.fill(self.random.choice(CLAUSES), 1)}")
        else:
            return self.fill(self.random.choice(STATEMENTS), 1).replace("select 1", text)
        return "".join(words)

    def broken(self, text: str) -> str:
        """`text` with a word lost, doubled, moved or nested, or an odd character in it."""
        words = _WORD.findall(text)
        place, kind = self.random.randrange(len(words)), self.random.randrange(8)
        if kind == 0:
            del words[place]
        elif kind == 1:
            words.insert(place, words[place])
        elif kind == 2:
            self.random.shuffle(words)
        elif kind == 3:
            words[place] = self.random.choice(("(", "not ", "- ", "[", "case when ")) * self.random.choice((3, 40, 400))
        elif kind == 4:
            words[place] = "(" * 25 + words[place] + ")" * 25
        elif kind == 5:
            words.insert(place, self.random.choice("\x00\u2028\u200b\u202e\ufeff\u0430\u00a0;\\\t\r"))
        elif kind == 6:
            words.insert(
                place, self.random.choice(("/*", "*/", "--", "'", '"', "$$", "{", "}", "::", "=>", ":=", "->"))
            )
        else:
            words = words[: place + 1]
        return "".join(words)
