"""Texts, pages and data that may leave: methods, logs, settings, printed output of Stata, SAS and R."""

from __future__ import annotations

import json
from random import Random

from benchmarks.egress.labelled import Labelled, safe


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    del random
    return [*_prose(), *_printed(), *_pages(), *_data()]


def _prose() -> list[Labelled]:
    return [
        safe("methods.md", "years p-values", """
# Methods
We studied adults registered between 1 April 2015 and 31 March 2023 (version 2.3 of the protocol, 14 June 2024).
Hazard ratios are from Cox models with 7 knots at the 5th to 95th percentiles; two-sided tests at alpha 0.05. Missing
values were imputed 20 times (m = 20, 10 iterations). The E-value was 2.31. Analyses used R 4.3.1 and survival 3.5-7.
"""),
        safe("results.md", "rounded-prose", """
## Results
Of 45,230 people, 3,410 (7.5%) bled during follow-up (median 2.1 years, IQR 0.9 to 4.4). Adjusted HR 1.32 (95% CI 1.18
to 1.47; p < 0.001). After 5 years survival was 71.2%. The difference of 3.1 percentage points was not clinically large.
"""),
        safe("README.md", "office-phone", """
# GI bleed and anticoagulants
Code and outputs of protocol 22_104. Questions: the study office, 020 7946 0123, Monday to Friday 9 to 5.
Run `make all` (Python 3.11; takes about 12 minutes on 4 cores and 8 GB). Version 1.4.2, released 2026-09-30.
"""),
        safe("references.txt", "publication-dates", """
1. Lip GY, Nieuwlaat R. Refining clinical risk stratification. Chest 2010;137(2):263-72. doi:10.1378/chest.09-1584
2. Pisters R. A novel user-friendly score. Chest 2010;138(5):1093-100. PMID 20299623
3. NICE. Atrial fibrillation: diagnosis and management. NG196. Published 27 April 2021, updated 30 June 2021.
"""),
        safe("CHANGELOG.md", "versions", "# Changes\n## 1.4.2 (2026-09-30)\n- 3 typos in 2 figures mended\n## 1.4.1 (2026-08-11)\n- Age bands of 10 years\n## 1.4.0\n- Charlson index, 17 conditions\n"),
        safe("run.log", "log", "2026-11-02 14:03:11 INFO step 1 of 12 finished in 4.2 s\n2026-11-02 14:03:19 INFO step 2 of 12 finished in 8.1 s\n2026-11-02 14:03:20 WARNING 2 columns dropped\n2026-11-02 14:05:44 INFO wrote table_2.csv (14 rows, 5 columns)\n"),
        safe("session_info.txt", "versions", "R version 4.3.1 (2023-06-16)\nPlatform: x86_64-pc-linux-gnu (64-bit)\nattached base packages:\n[1] stats     graphics  grDevices utils     datasets\nother attached packages:\n[1] survival_3.5-7 dplyr_1.1.4 tidyr_1.3.1 gtsummary_1.7.2\n"),
        safe("office.txt", "opening-hours", "Study office\nMonday to Thursday 9:00-17:00, Friday 9:00-16:00\nClosed 24 December 2026 to 2 January 2027.\n"),
        safe("protocol_notes.txt", "doses", "Apixaban 5 mg twice daily (2.5 mg if two of: age 80 or over, weight 60 kg or less, creatinine 133 umol/L or more).\nWarfarin to an INR of 2 to 3. Washout of 90 days; follow-up to 365 days.\n"),
        safe("limitations.txt", "rounded-prose", "Counts under 10 were suppressed and all others rounded to 5. About 120 people moved away.\nWe used 4 sites in 2 regions; 6 practices left the network in 2021.\n"),
    ]  # fmt: skip


def _printed() -> list[Labelled]:
    return [
        safe("stata_tab.txt", "stata", """
. tabulate ageband

    ageband |      Freq.     Percent        Cum.
------------+-----------------------------------
      18-39 |      1,250       25.00       25.00
      40-64 |      2,000       40.00       65.00
        65+ |      1,750       35.00      100.00
------------+-----------------------------------
      Total |      5,000      100.00
"""),
        safe("stata_logit.txt", "stata regression-large-n", """
. logistic bled age male diabetes

Logistic regression                                     Number of obs = 45,230
                                                        LR chi2(3)    = 812.41
                                                        Prob > chi2   = 0.0000
Log likelihood = -11204.312                             Pseudo R2     = 0.0350

------------------------------------------------------------------------------
        bled | Odds ratio   Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
         age |   1.031204   .0014021    22.60   0.000      1.02846    1.033956
        male |   1.118732   .0411980     3.05   0.002     1.040846    1.202446
    diabetes |   1.276010   .0529120     5.88   0.000     1.176414    1.384038
       _cons |   .0081231   .0008021   -48.74   0.000     .0066937    .0098577
------------------------------------------------------------------------------
"""),
        safe("sas_freq.txt", "sas", """
                              The FREQ Procedure

                                              Cumulative    Cumulative
REGION    Frequency     Percent     Frequency      Percent
-----------------------------------------------------------
North          1500       30.00          1500        30.00
South          2500       50.00          4000        80.00
West           1000       20.00          5000       100.00
"""),
        safe("glm_summary.txt", "r coefficients", """
Call:
glm(formula = bled ~ age + sex, family = binomial, data = cohort)

Coefficients:
              Estimate Std. Error z value Pr(>|z|)
(Intercept) -4.8132410  0.0987100 -48.761  < 2e-16 ***
age          0.0307264  0.0013600  22.593  < 2e-16 ***
sexM         0.1121960  0.0368200   3.047  0.00231 **
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

    Null deviance: 23211.4  on 45229  degrees of freedom
Residual deviance: 22401.0  on 45227  degrees of freedom
AIC: 22407

Number of Fisher Scoring iterations: 6
"""),
        safe("pandas_to_string.txt", "rounded-table", "   sex   age_group  patients\n0    F       18-64      1250\n1    F         65+      2310\n2    M       18-64      1185\n3    M         65+      1960\n"),
        safe("statsmodels.txt", "regression-large-n", """
                            OLS Regression Results
==============================================================================
Dep. Variable:                    los   R-squared:                       0.112
Model:                            OLS   Adj. R-squared:                  0.112
No. Observations:               45230   F-statistic:                     1902.
Df Residuals:                   45226   Prob (F-statistic):               0.00
Df Model:                           3   AIC:                         2.101e+05
==============================================================================
                 coef    std err          t      P>|t|      [0.025      0.975]
------------------------------------------------------------------------------
const          2.1043      0.081     25.979      0.000       1.946       2.263
age            0.0312      0.001     31.200      0.000       0.029       0.033
==============================================================================
"""),
        safe("latex_table.txt", "rounded-table", "\\begin{tabular}{lrr}\nSex & N & Deaths \\\\\nFemale & 2310 & 120 \\\\\nMale & 1960 & 145 \\\\\n\\end{tabular}\n"),
    ]  # fmt: skip


def _pages() -> list[Labelled]:
    gt = '<table class="gt_table"><thead><tr><th>Characteristic</th><th><strong>N = 2,500</strong><sup>1</sup></th></tr></thead><tbody><tr><td>Age</td><td>64 (56, 73)</td></tr><tr><td>Female</td><td>1,300 (52%)</td></tr><tr><td>Smoker</td><td>500 (20%)</td></tr></tbody><tfoot><tr><td colspan="2"><sup>1</sup> Median (Q1, Q3); n (%)</td></tr></tfoot></table>'
    frame = '<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th><th>region</th><th>patients</th></tr></thead><tbody><tr><th>0</th><td>North</td><td>1250</td></tr><tr><th>1</th><td>South</td><td>990</td></tr></tbody></table>'
    style = "<style>table{border-collapse:collapse} td{padding:4px}</style>"
    return [
        safe("gtsummary.html", "table-one", f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>Table 1</title>{style}</head><body>{gt}</body></html>"),
        safe("to_html.html", "rounded-table", frame),
        safe("report.html", "links", f"<html><body><h1>Results</h1><p>See <a href='https://www.nice.org.uk/guidance/ng196'>NG196</a> (2021).</p>{frame}</body></html>"),
        safe("forest.md", "confidence-intervals", "| Subgroup | HR (95% CI) | p |\n|---|---|---|\n| Age < 65 | 1.21 (1.05-1.40) | 0.008 |\n| Age 65+ | 1.38 (1.24-1.53) | <0.001 |\n| Female | 1.29 (1.13-1.47) | <0.001 |\n"),
        safe("table2.md", "suppressed", "| Region | Women | Men |\n|:--|--:|--:|\n| North | 125 | * |\n| East | 90 | * |\n| South | * | 240 |\n| West | * | 315 |\n"),
        safe("kable.md", "rounded-table", "|drug        | people| events|\n|:-----------|------:|------:|\n|warfarin    |   1240|    115|\n|apixaban    |   3325|    240|\n"),
    ]  # fmt: skip


def _data() -> list[Labelled]:
    notebook = _notebook(
        {"text/plain": ["  sex  patients\n0   F      1250\n1   M      1180"]}, "df.groupby('sex').patient_id.nunique()"
    )
    return [
        safe("metrics.json", "model-metrics", json.dumps({"auc": 0.831, "brier": 0.094, "n_splits": 5, "seed": 42, "threshold": 0.2, "version": "1.4.2"}, indent=1)),
        safe("params.json", "hyperparameters", json.dumps({"xgboost": {"max_depth": 6, "n_estimators": 400, "eta": 0.05, "min_child_weight": 3}, "folds": 5, "features": 9})),
        safe("counts.json", "rounded-table", json.dumps([{"sex": "F", "year": 2022, "n": 1250}, {"sex": "M", "year": 2022, "n": 1185}])),
        safe("figure_style.json", "settings", json.dumps({"dpi": 300, "width": 7, "height": 4, "palette": ["#1b6e3c", "#b3261e"], "font_size": 9})),
        safe("coefficients.json", "coefficients", json.dumps({"intercept": -4.81, "age": 0.0307, "sexM": 0.112, "log_egfr": -0.4})),
        safe("analysis.ipynb", "notebook", notebook),
        safe("model.ipynb", "notebook", _notebook({"text/plain": ["{'auc': 0.83, 'accuracy': 0.91, 'n_features': 9}"]}, "scores")),
    ]  # fmt: skip


def _notebook(output: dict[str, list[str]], source: str) -> str:
    """A notebook of one cell, which shows `output`."""
    shown = {"output_type": "execute_result", "execution_count": 3, "data": output, "metadata": {}}
    cell = {"cell_type": "code", "execution_count": 3, "metadata": {}, "source": [source], "outputs": [shown]}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


notebook_of = _notebook
