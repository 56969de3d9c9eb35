"""Percentages, rates, means, largest contributions, degrees of freedom and extremes: what they say of single people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from egress.findings import Finding

FindingsOf = Callable[..., tuple[Finding, ...]]


def said(findings: tuple[Finding, ...], check: str) -> list[tuple[str, str]]:
    return [(str(finding.severity), finding.where) for finding in findings if finding.check == check]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # the count beside a rate is its denominator
        ("region,n,pct_died\nN,240,2.1\nS,500,12.0\n", [("FAIL", "row 1, column pct_died")]),
        ("region,n,pct_died\nN,240,4.2\nS,500,12.0\n", []),
        ("region,population,rate per 1000\nN,2000,2.1\nS,3000,9.0\n", [("FAIL", "row 1, column rate per 1000")]),
        ("region,population,rate per 1000\nN,2000,9.1\nS,3000,9.0\n", []),
        ("g,n,proportion\na,200,0.03\nb,300,0.4\n", [("FAIL", "row 1, column proportion")]),
        ("g,n,cases,pct_died\na,200,100,2\nb,300,100,2\n", [("FAIL", "rows 1 and 2, column pct_died")]),
        ("g,x1 cases,x2 cases,pct_died\na,200,100,2\nb,300,100,2\n", []),
        ("g,n,mean proportion\na,200,7\nb,300,0.4\n", []),
        # a bare percentage is one of an unknown total
        ("region,n,percent\nA,120,2.5\n", []),
        ("region,n,percent\nA,120,2.5\nB,240,5.0\nC,400,8.3\n", []),
        # a hidden count beside its share of a total: shown, in the header, summed, or told by the other rows
        ("region,n,percent\nA,*,2.0\nB,120,48.0\nC,125,50.0\nTotal,250,100\n", [("FAIL", "row 1, column percent")]),
        ("region,n (N=250),percent\nA,*,2.0\nB,120,48.0\nC,125,50.0\n", [("FAIL", "row 1, column percent")]),
        ("region,n,percent\nA,*,2.5\nB,120,41.2\nC,160,56.3\n", [("FAIL", "row 1, column percent")]),
        ("region,n,percent\nA,*,*\nB,120,42.9\nC,160,57.1\n", []),
        ("region,cases,n,percent\nN,120,240,50.0\nS,*,200,3.5\nW,130,200,65.0\n", [("FAIL", "row 2, column percent")]),
        ("region,cases,n,percent\nN,120,240,50.0\nS,*,*,3.5\nW,130,200,65.0\n", []),
        # one count is enough beside shares that come to a whole; a hidden count may be known to a few values
        ("region,n,percent\nA,*,0.8\nB,1190,99.2\n", [("FAIL", "row 1, column percent")]),
        ("region;n;Anteil (%)\nA;*;0,8\nB;1190;99,2\n", [("FAIL", "row 1, column Anteil (%)")]),
        ("region,n,percent\nA,,0.8\nB,1190,99.2\n", [("FAIL", "row 1, column percent")]),
        ("region,n,percent\nA,*,0.8\nB,1190,60.2\n", []),
        ("region,n,percent\nA,*,0.9\nB,1190,99.1\n", []),  # ten or more
        ("region,n,percent\nA,*,1\nB,119000,99\n", []),
        # in brackets, of the size in the header
        ('g,"Overall (N=1,200)"\na,240 (20.0%)\nb,* (0.5%)\n', [("FAIL", "row 2, column Overall (N=1,200)")]),
        ('g,"% (N=1,200)"\na,240 (20.0)\nb,* (0.5)\n', [("FAIL", "row 2, column % (N=1,200)")]),
        ('g,"Overall (N=1,200)"\na,240 (20.0%)\nb,* (1.5%)\nc,* (*)\n', []),
        ('g,"Overall (N=1,200)"\na,240 (20.0)\nb,* (0.5)\n', []),  # of what, nobody says
        ("group,% dead (N=25)\na,12\nb,40\n", [("FAIL", "row 1, column % dead (N=25)")]),
        # shares of unrounded counts
        ("sex,n,percent\nF,120,48.0%\nM,130,52.0%\n", []),
        ("sex,n,percent\nF,120,48.3%\nM,130,51.7%\n", [("REVIEW", "rows 1 and 2, column percent")]),
        # everybody or nobody
        ("age,pct\na,0%\nb,40%\nc,60%\n", [("REVIEW", "row 1, column pct")]),
        ("age,pct\na,100.0\nb,40\nc,60\n", [("REVIEW", "row 1, column pct")]),
        ("age,pct\na,30%\nb,70%\nTotal,100%\n", []),
        ("age,pct_missing\na,0\nb,7\n", []),
        # describe() of a variable that is 0 or 1
        (",died\ncount,250\nmean,0.02\nmin,0\nmax,1\n", [("FAIL", "row 2, column died")]),
        (",died\ncount,250\nmean,0.98\nmin,0\nmax,1\n", [("FAIL", "row 2, column died")]),
        (",died\ncount,250\nmean,0.2\nmin,0\nmax,1\n", []),
        (",died\ncount,250\nmean,0.02\nmin,0\nmax,2\n", []),
        (",died\ncount,250\nmean,0.02\n", []),
    ],
)
def test_shares_are_turned_back_into_counts(findings_of: FindingsOf, text: str, found: list[tuple[str, str]]) -> None:
    assert said(findings_of(text), "implied-counts") == found


@pytest.mark.parametrize(
    ("profile", "share", "verdict"),
    [("nhs-sde", "4.9", ["FAIL"]), ("nhs-sde", "5.0", []), ("hes", "3.4", ["FAIL"]), ("hes", "4.0", [])],
)
def test_the_threshold_of_the_profile_decides(
    findings_of: FindingsOf, profile: str, share: str, verdict: list[str]
) -> None:
    text = f"g,n,pct_died\na,200,{share}\nb,1000,20.0\n"
    assert [severity for severity, _ in said(findings_of(text, profile=profile), "implied-counts")] == verdict


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("region,total_cost,largest_contributor\na,1000,901\nb,1000,900\n", "row 1"),
        ("region,mean_cost,top_share\na,1000,0.91\nb,1000,0.9\n", "row 1"),
        ("region,mean_cost,top_share_pct\na,1000,91\nb,1000,90\n", "row 1"),
        ("region,total_cost,largest_contribution,second_contribution\na,1000,500,401\nb,1000,500,390\n", "row 1"),
        ("region,total_cost,largest_contribution,second_contribution\na,1000,910,80\nb,1000,500,390\n", "row 1"),
        ("region,largest_contribution\na,1000\nb,500\n", ""),
        ("region,total_cost,largest_contributor\na,*,901\nb,1000,*\n", ""),
        ("region,n_contributors,mean\na,120,901.5\n", ""),
    ],
)
def test_sums_of_one_or_two_contributors(findings_of: FindingsOf, text: str, rows: str) -> None:
    found = said(findings_of(text), "dominance")
    assert [where.partition(",")[0] for _, where in found] == ([rows] if rows else [])


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("Df Residuals:   9\nNo. Observations: 120\n", "t.txt", "line 1"),
        ("Df Residuals:   10\nNo. Observations: 120\n", "t.txt", None),
        ("x\nResidual standard error: 1.02 on 9 degrees of freedom\n", "t.txt", "line 2"),
        ("Residual standard error: 1.02 on 90 degrees of freedom\n", "t.txt", None),
        (
            "    Null deviance: 12.3  on 12  degrees of freedom\nResidual deviance: 5.1  on 8  degrees of freedom\n",
            "t.txt",
            "line 2",
        ),
        ("F-statistic: 3.2 on 2 and 7 DF,  p-value: 0.1\n", "t.md", "line 1"),
        ("No. Observations: 120\nDf Model: 110\n", "t.txt", "line 1"),
        ("No. Observations: 120\nDf Model: 109\n", "t.txt", None),
        ("Number of obs = 40\nDf Model: 35\n", "t.txt", "line 1"),
        ("<!doctype html><p>Residual df = 4</p>", "t.html", "the text"),
        ("r.squared,df.residual,nobs\n0.1,9,120\n", "t.csv", "row 1, column df.residual"),
        ("r.squared,df.residual,nobs\n0.1,10,120\n", "t.csv", None),
        ("what,value\nDf Residuals,9\nNobs,120\n", "t.csv", "row 1, column value"),
        ("source,df,sum_sq\nage,1,12.2\nResidual,9,840\n", "t.csv", "row 2, column df"),
        ("source,df,sum_sq\nage,1,12.2\nResidual,10,840\n", "t.csv", None),
        ("age 1 12.2\nResiduals 6 840.0 3.60\n", "t.txt", "line 2"),
        ("what,value\nDf Model,110\nNobs,120\n", "t.csv", ""),
        ("what,value\nDf Model,109\nNobs,120\n", "t.csv", None),
    ],
)
def test_models_with_few_degrees_of_freedom(findings_of: FindingsOf, text: str, name: str, where: str | None) -> None:
    found = said(findings_of(text, name), "degrees-of-freedom")
    assert [place for _, place in found][:1] == ([] if where is None else [where])
    assert {severity for severity, _ in found} <= {"FAIL"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("variable,min,max,mean\nage,18,99,50.2\n", ["row 1, column min", "row 1, column max"]),
        ("variable,min,max,mean\nage,0,1,0.2\n", []),
        ("group,n,median,p95\na,195,3,20\nb,200,4,22\n", ["row 1, column p95"]),
        ("group,n,median,0.95\na,195,3,20\nb,200,4,22\n", ["row 1, column 4"]),
        ("group,median,p95\na,3,20\nb,4,22\n", []),
        ("group,n,age range\nA,120,18-99\nB,130,unknown\n", ["row 1, column age range"]),
        ("group,n,age range\nA,120,unknown\nB,130,unknown\n", []),
        ("group,n,interquartile range\nA,120,18-99\nB,130,19-95\n", []),
        ("parameter,max_depth,min_samples_leaf\na,5,20\n", []),
        (
            ",age\ncount,120\nmean,50.5\nmin,18\n5%,20\n50%,52\n95%,80\nmax,99\n",
            [f"row {row}, column age" for row in (3, 4, 6, 7)],
        ),
        (",age\ncount,1200\nmean,50.5\n5%,20\n50%,52\n95%,80\n", []),
        (",age\nmean,50.5\nmedian,20\n95%,80\n", []),
        ("group,statistic,value\nF,max age,95\nF,mean age,61.5\n", ["row 1, column value"]),
    ],
)
def test_extremes_are_for_a_person_to_look_at(findings_of: FindingsOf, text: str, found: list[str]) -> None:
    assert said(findings_of(text), "extreme-values") == [("REVIEW", where) for where in found]
