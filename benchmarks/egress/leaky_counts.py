"""Tables and texts with counts that may not leave: small, implied by a share, or left open by the totals around them."""

from __future__ import annotations

import json
from functools import partial
from random import Random

from benchmarks.egress.labelled import Labelled, leaky, look
from benchmarks.egress.safe_tables import AGES, rounded
from benchmarks.egress.safe_texts import notebook_of

SMALL = "small-count"


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    return [*_plain(random), *_written(random), *_implied(), *_margins(), *_for_people(random)]


def _plain(random: Random) -> list[Labelled]:
    n, small = partial(rounded, random, 100), partial(random.randint, 1, 9)
    pivot = "ageband,2019,2020,2021\n" + "".join(f"{a},{n()},{n()},{small() if a == '80+' else n()}\n" for a in AGES)
    crosstab = f"outcome,False,True\nsex,,\nF,{n()},{small()}\nM,{n()},{n()}\n"
    quoted = f'"","Var1","Freq"\n"1","Gout",{n()}\n"2","Haemophilia",{small()}\n"3","Asthma",{n()}\n'
    wide = (
        "condition,"
        + ",".join(f"Q{i}" for i in range(1, 5))
        + f"\nGI bleed,{n()},{n()},{n()},{n()}\nVarices,{n()},{small()},{n()},{n()}\n"
    )
    second = f"Table 1. Sex\nsex,n\nFemale,{n()}\nMale,{n()}\n\nTable 2. Rare outcomes\noutcome,n\nPerforation,{small()}\nRe-bleed,{n()}\n"
    table1 = '"","Overall","Control","Treated"\n"n","2500","1250","1250"\n"sex = M (%)","1200 (48.0)","600 (48.0)","600 (48.0)"\n"HIV (%)","15 (0.6)","12 (1.0)","3 (0.2)"\n'
    icd = f"icd10,admissions\nK92.0,{n()}\nK92.1,{n()}\nI85.0,{small()}\nI98.3,{small()}\n"
    lsoa = "lsoa11cd,deaths\n" + "".join(f"E0101{i:04},{small() if i == 3 else n()}\n" for i in range(1, 9))
    long = "year,drug,n_patients\n" + "".join(
        f"{y},{d},{small() if (y, d) == (2020, 'edoxaban') else n()}\n"
        for y in (2019, 2020, 2021)
        for d in ("warfarin", "apixaban", "edoxaban")
    )
    events = "exposure,events,person_years\nwarfarin,240,10431.2\nedoxaban,6,812.9\n"
    risk = "time,n_risk,n_event,survival\n0,1250,0,1.0\n12,640,35,0.94\n24,55,20,0.88\n36,4,2,0.71\n"
    return [
        leaky("groupby.csv", SMALL, "row 3, n", f",sex,n\n0,F,{n()}\n1,M,{n()}\n2,Indeterminate,{small()}\n"),
        leaky("pivot.csv", SMALL, "80+, 2021", pivot), leaky("crosstab.csv", SMALL, "F, True", crosstab),
        leaky("r_table.csv", SMALL, "Haemophilia, Freq", quoted), leaky("quarters.csv", SMALL, "Varices, Q2", wide),
        leaky("rare_outcomes.csv", SMALL, "second table, Perforation", second),
        leaky("tableone_rare.csv", SMALL, "HIV, Treated", table1), leaky("icd_counts.csv", SMALL, "I85.0, I98.3", icd),
        leaky("lsoa_deaths.csv", SMALL, "third area", lsoa), leaky("long.csv", SMALL, "2020 edoxaban", long),
        leaky("events.csv", SMALL, "edoxaban, events", events), leaky("km_at_risk.csv", SMALL, "36 months", risk),
        leaky("german_excel.csv", f"{SMALL} delimiter", "row 3", f"Geschlecht;Anzahl Patienten;Anteil\nw;{n()};0,52\nm;{n()};0,47\nd;{small()};0,01\n"),
        leaky("utf16.tsv", f"{SMALL} encoding", "row 2", f"Ward\tPatients\nA\t{n()}\nB\t{small()}\n", encoding="utf-16"),
        leaky("cp1252.csv", f"{SMALL} encoding", "row 2", f"Café visits,people\nnever,{n()}\ndaily – often,{small()}\n", encoding="cp1252"),
        leaky("pipe.csv", f"{SMALL} delimiter", "row 2", f"site|deaths\nA|{n()}\nB|{small()}\n"),
        leaky("preamble.csv", f"{SMALL} preamble", "last row", f"Title: Deaths by site\nRun: 2026-11-02\n\nsite,deaths\nA,{n()}\nB,{n()}\nC,{small()}\n"),
        leaky("quoted_numbers.csv", SMALL, "row 2", f'group,"No. of patients"\nA,"1,{n():03}"\nB,"{small()}"\n'),
        leaky("floats.csv", SMALL, "2021", f"year,patients\n2019,{n()}.0\n2020,{n()}.0\n2021,{small()}.0\n"),
        leaky("count_of_ids.csv", SMALL, "row 2", f"diagnosis,patient_id_nunique\nPUD,{n()}\nMallory-Weiss,{small()}\n"),
    ]  # fmt: skip


def _written(random: Random) -> list[Labelled]:
    small = partial(random.randint, 2, 9)
    stata = f"\n    stage |      Freq.     Percent        Cum.\n----------+-----------------------------------\n        I |        590       98.33       98.33\n       IV |         {small()}        1.67      100.00\n----------+-----------------------------------\n    Total |        600      100.00\n"
    sas = f"                    The FREQ Procedure\n\n                                   Cumulative    Cumulative\nDIED    Frequency     Percent     Frequency      Percent\n---------------------------------------------------------\nNo           1500       99.60          1500        99.60\nYes             {small()}        0.40          1506       100.00\n"
    markdown = f"| Outcome | n |\n|---|---|\n| Alive | 1250 |\n| Died | {small()} |\n"
    html = f'<table border="1" class="dataframe"><thead><tr><th></th><th>outcome</th><th>patients</th></tr></thead><tbody><tr><th>0</th><td>alive</td><td>1250</td></tr><tr><th>1</th><td>dead</td><td>{small()}</td></tr></tbody></table>'
    gt = "<table class='gt_table'><thead><tr><th>Characteristic</th><th>N = 2,500</th></tr></thead><tbody><tr><td>Transplant</td><td>4 (0.2%)</td></tr><tr><td>Smoker</td><td>500 (20%)</td></tr></tbody></table>"
    records = json.dumps([{"sex": "F", "deaths": 120}, {"sex": "M", "deaths": small()}])
    nested = json.dumps({"cohort": {"n_patients": 1250, "n_deaths": small()}, "auc": 0.83})
    page = notebook_of(
        {"text/html": [html], "text/plain": ["   outcome  patients\n0    alive      1250\n1     dead         4"]},
        "deaths",
    )
    frame = f"  outcome  patients\n0   alive      1250\n1    dead         {small()}\n"
    ggplot = f"# A tibble: 2 x 2\n  outcome     n\n  <chr>   <int>\n1 alive    1250\n2 dead        {small()}\n"
    return [
        leaky("tabulate.txt", f"{SMALL} stata", "stage IV", stata), leaky("proc_freq.txt", f"{SMALL} sas", "Yes", sas),
        leaky("outcomes.md", SMALL, "Died", markdown), leaky("outcomes.html", SMALL, "dead", html),
        leaky("gtsummary_rare.html", SMALL, "Transplant", gt), leaky("records.json", SMALL, "second record", records),
        leaky("nested.json", SMALL, "n_deaths", nested), leaky("outcomes.ipynb", f"{SMALL} notebook", "cell 1", page),
        leaky("frame.txt", SMALL, "dead", frame), leaky("tibble.txt", SMALL, "dead", ggplot),
    ]  # fmt: skip


def _implied() -> list[Labelled]:
    return [
        leaky("percent_of_n.csv", "implied-count", "HIV: 0.4 % of 500", "characteristic,n,percent_with\nDiabetes,500,24.0\nHIV,500,0.4\n"),
        leaky("deaths_pct.csv", "implied-count", "C: 2 % of 150", "site,patients,deaths_pct\nA,1200,10.0\nB,900,12.0\nC,150,2.0\n"),
        leaky("proportion.csv", "implied-count", "rare: 0.004 of 1000", "outcome,n,proportion\ncommon,1000,0.250\nrare,1000,0.004\n"),
        leaky("header_n.csv", "implied-count", "Treated: 1.3 % of 150", "characteristic,Control (N=200) %,Treated (N=150) %\nFemale,50.0,52.0\nCirrhosis,10.0,1.3\n"),
        leaky("rate_per_1000.csv", "implied-count", "B: 2 per 1,000 of 1,500", "region,population,rate_per_1000\nA,20000,12.0\nB,1500,2.0\n"),
        leaky("percent.md", "implied-count", "Yes: 1 % of 300", "| Bleed | n = 300 |\n|---|---|\n| No | 99.0% |\n| Yes | 1.0% |\n"),
    ]  # fmt: skip


def _margins() -> list[Labelled]:
    return [
        leaky("total_and_star.csv", "margins", "Male", "sex,n\nFemale,1240\nMale,*\nTotal,1247\n"),
        leaky("row_total.csv", "margins", "Isles, deaths", "region,alive,deaths,total\nNorth,1200,50,1250\nIsles,300,*,304\n"),
        leaky("column_total.csv", "margins", "80+, 2021", "ageband,2020,2021\n18-64,1210,1304\n65-79,804,917\n80+,212,*\nAll,2226,2226\n"),
        leaky("percent_beside_star.csv", "implied-count", "Rare", "condition,n,pct\nCommon,1190,99.2\nRare,*,0.8\n"),
        leaky("two_files_in_one.csv", "margins", "both tables", "Table 1\nsex,n\nFemale,612\nMale,*\n\nTable 2\nsex,n\nTotal,619\n"),
        leaky("margin.html", "margins", "Yes", "<table><tr><th>Died</th><th>Patients</th></tr><tr><td>No</td><td>991</td></tr><tr><td>Yes</td><td>*</td></tr><tr><td>Total</td><td>994</td></tr></table>"),
    ]  # fmt: skip


def _for_people(random: Random) -> list[Labelled]:
    def odd() -> int:
        return 5 * random.randint(40, 400) + random.randint(1, 4)

    return [
        look("unrounded_sex.csv", "unrounded-count", "all", f"sex,patients\nF,{odd()}\nM,{odd()}\n"),
        look("unrounded_years.csv", "unrounded-count", "all", "year,deaths\n" + "".join(f"{y},{odd()}\n" for y in range(2015, 2024))),
        look("unrounded_tableone.csv", "unrounded-count", "all", '"","Overall"\n"n","2503"\n"sex = M (%)","1201 (48.0)"\n'),
        look("unrounded.md", "unrounded-count", "all", f"| Sex | Patients |\n|---|---|\n| F | {odd()} |\n| M | {odd()} |\n"),
        look("mark_tells_more.csv", "mark", "<5", "drug,people\nwarfarin,1240\nedoxaban,<5\napixaban,3325\n"),
        look("value_counts.txt", "headless", "all", "A    1251\nB     622\nC     318\nName: count, dtype: int64\n"),
        look("prose_small.txt", SMALL, "line 1", "Two groups were compared. In the second, 7 patients died during follow-up.\n"),
        look("prose_n.md", SMALL, "line 2", "## Subgroups\nPeople with varices (n = 4) were left out of the model.\n"),
    ]  # fmt: skip
