"""Tables that may leave: rounded and suppressed counts, statistics, codes; as R, Stata, SAS and pandas write them."""

from __future__ import annotations

from functools import partial
from random import Random

from benchmarks.egress.labelled import Labelled, safe

SNOMED = {
    "22298006": "Myocardial infarction", "73211009": "Diabetes mellitus", "38341003": "Hypertensive disorder",
    "195967001": "Asthma", "13645005": "Chronic obstructive lung disease", "84114007": "Heart failure",
    "49436004": "Atrial fibrillation", "230690007": "Cerebrovascular accident", "74474003": "GI haemorrhage",
}  # fmt: skip
AGES = ("18-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80+")


def rounded(random: Random, least: int = 20, most: int = 4000) -> int:
    """A count as it may be shown: not small, a multiple of five."""
    return 5 * random.randint(least // 5, most // 5)


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    return [*_counted(random), *_statistics(random), *_codes(random), *_settings()]


def _counted(random: Random) -> list[Labelled]:
    n = partial(rounded, random)
    pivot = "ageband,2019,2020,2021,2022\n" + "".join(f"{a},{n()},{n()},{n()},{n()}\n" for a in AGES)
    quoted = '"","imd_quintile","patients"\n' + "".join(f'"{q}","{q}",{n(500)}\n' for q in range(1, 6))
    months = "month,admissions\n" + "".join(f"2021-{m:02}-01,{n()}\n" for m in range(1, 13))
    weeks = "iso_year,iso_week,n_attendances\n" + "".join(f"2022,{w},{n()}\n" for w in range(1, 53))
    ages = "age,n\n" + "".join(f"{age},{n()}\n" for age in range(18, 90))
    stays = "los_days,spells\n" + "".join(f"{d},{n()}\n" for d in range(1, 21))
    lsoa = "lsoa21cd,lsoa21nm,registered\n" + "".join(
        f"E0100{random.randint(1000, 9999)},Exeter {i:03}A,{n(800)}\n" for i in range(1, 25)
    )
    icb = "ODS_code,ICB,people\n" + "".join(
        f"Q{c}{i},NHS Integrated Care Board {i},{n()}\n" for i, c in enumerate("OUEHFX")
    )
    confusion = (
        f",Predicted negative,Predicted positive\nActual negative,{n(1000)},{n()}\nActual positive,{n()},{n()}\n"
    )
    ethnic = "ethnicity,n,pct\nWhite,8000,80.0\nAsian or Asian British,1000,10.0\nBlack or Black British,500,5.0\nMixed,300,3.0\nOther,200,2.0\n"
    two = f"Table 1. Sex\nsex,n\nFemale,{n()}\nMale,{n()}\n\nTable 2. Region\nregion,n\nNorth,{n()}\nSouth,{n()}\n"
    preamble = f"Source: HES APC 2019/20 to 2023/24\nExtracted on 2026-10-14\nCounts rounded to the nearest 5\n\nsex,admissions\nF,{n()}\nM,{n()}\n"
    at_risk = "time_months,n_risk,survival,lower,upper\n" + "".join(
        f"{t},{4000 - 50 * t},{1 - t * 0.0061:.4f},{1 - t * 0.0072:.4f},{1 - t * 0.0049:.4f}\n" for t in range(0, 61, 6)
    )
    table1 = """
"","level","Overall","Control","Treated","p"
"n","","2500","1250","1250",""
"age (mean (SD))","","64.21 (12.13)","64.50 (11.98)","63.92 (12.27)","0.231"
"sex (%)","F","1300 (52.0)","650 (52.0)","650 (52.0)","1.000"
"","M","1200 (48.0)","600 (48.0)","600 (48.0)",""
"bmi (median [IQR])","","27.10 [24.00, 31.20]","27.00 [23.90, 31.00]","27.20 [24.10, 31.40]","0.410"
"smoker (%)","Yes","500 (20.0)","250 (20.0)","250 (20.0)","1.000"
"""
    suppressed = "region,women,men\nNorth,125,*\nEast,90,*\nSouth,*,240\nWest,*,310\nCentral,170,185\n"
    zeros = "condition,2022,2023\nHaemophilia,0,0\nAsthma,1250,1330\nEpilepsy,215,240\nGout,310,0\n"
    below_ten = "drug,people\nwarfarin,1240\napixaban,3325\ndabigatran,<10\nedoxaban,<10\nrivaroxaban,875\n"
    return [
        safe("counts_by_sex_year.csv", "rounded-table", f",sex,year,n\n0,F,2022,{n()}\n1,F,2023,{n()}\n2,M,2022,{n()}\n3,M,2023,{n()}\n"),
        safe("pivot_age_year.csv", "rounded-table years", pivot), safe("imd_write_csv.csv", "rounded-table", quoted),
        safe("monthly_admissions.csv", "dates", months), safe("weekly_attendances.csv", "weeks", weeks),
        safe("age_distribution.csv", "ages", ages), safe("length_of_stay.csv", "days", stays),
        safe("lsoa_registered.csv", "lsoa-codes", lsoa), safe("by_icb.tsv", "codes", icb.replace(",", "\t")),
        safe("confusion_matrix.csv", "rounded-table", confusion), safe("ethnicity.csv", "percentages", ethnic),
        safe("two_tables.csv", "several-tables", two), safe("with_preamble.csv", "preamble", preamble),
        safe("km_curve.csv", "survival", at_risk), safe("tableone.csv", "table-one", table1),
        safe("suppressed_star.csv", "suppressed", suppressed), safe("suppressed_zero.csv", "suppressed", zeros),
        safe("suppressed_below_ten.csv", "suppressed", below_ten),
        safe("semicolons.csv", "delimiter", f"Geschlecht;n;Anteil\nw;{n()};0,52\nm;{n()};0,48\n"),
        safe("excel_unicode_text.tsv", "encoding", f"Sex\tPatients\nFemale\t{n()}\nMale\t{n()}\n", encoding="utf-16"),
        safe("windows_1252.csv", "encoding", f"setting,patients,mean cost £\nInpatient,{n()},4310.20\nDay case,{n()},912.75\n", encoding="cp1252"),
        safe("bom.csv", "encoding", f"sex,n\nF,{n()}\nM,{n()}\n", encoding="utf-8-sig"),
        safe("pipes.csv", "delimiter", f"sex|age_group|people\nF|18-64|{n()}\nF|65+|{n()}\nM|18-64|{n()}\nM|65+|{n()}\n"),
        safe("thousands.csv", "rounded-table", 'year,"deaths (all causes)"\n2020,"608,000"\n2021,"586,335"\n2022,"577,160"\n'),
        safe("practices_per_region.csv", "counts-of-things", "region,practices,hospitals\nNorth,412,6\nSouth,388,4\nIsles,7,1\n"),
    ]  # fmt: skip


def _statistics(random: Random) -> list[Labelled]:
    r = random.random
    terms = ("(Intercept)", "age", "sexM", "imd2", "imd3", "smokerYes", "bmi", "sbp", "diabetes")
    tidy = "term,estimate,std.error,statistic,p.value,conf.low,conf.high\n" + "".join(
        f'"{t}",{r() - 0.5:.4f},{r() / 9:.4f},{6 * r() - 3:.3f},{r():.2e},{-r():.4f},{r():.4f}\n' for t in terms
    )
    hazard = "variable;HR;lower 95;upper 95;p\nage per 10 years;1,42;1,38;1,46;<0,001\nmale sex;1,11;1,02;1,21;0,013\n"
    smd = "covariate,smd_before,smd_after\nage,0.212,0.011\nsex,0.043,0.008\nimd,0.118,0.004\ncharlson,0.301,0.021\n"
    decile = "decile,mean_predicted,mean_observed\n" + "".join(
        f"{d},{0.02 * d:.3f},{0.021 * d:.3f}\n" for d in range(1, 11)
    )
    seeds = "seed,auc,brier\n" + "".join(
        f"{s},{0.8 + r() / 50:.4f},{0.1 + r() / 50:.4f}\n" for s in (1, 7, 42, 123, 2024)
    )
    loss = "epoch,train_loss,val_loss\n" + "".join(f"{e},{1 / e:.5f},{1.1 / e:.5f}\n" for e in range(1, 31))
    names = ("age", "sbp", "egfr", "hb", "inr")
    corr = (
        "," + ",".join(names) + "\n" + "".join(f"{a},{','.join(f'{2 * r() - 1:.2f}' for _ in names)}\n" for a in names)
    )
    importance = "feature,importance,rank\n" + "".join(f"{f},{r():.4f},{i}\n" for i, f in enumerate(names, 1))
    quantiles = (
        "variable,mean,sd,p25,median,p75\nage,64.2,12.1,56,65,73\nsbp,131,17,119,130,142\nhb,128,19,116,129,141\n"
    )
    rates = "year,rate_per_100k,ci_low,ci_high\n2019,112.4,109.8,115.0\n2020,98.1,95.7,100.6\n2021,104.9,102.4,107.4\n"
    fit = "model,aic,bic,loglik,df,n_obs\nM0,51234.1,51250.9,-25615.0,2,45230\nM1,50911.7,50970.4,-25448.8,7,45230\n"
    tests = (
        "comparison,chi2,df,p_value\nsex by arm,0.92,1,0.337\nsite by arm,14.1,9,0.119\nage group by arm,7.8,6,0.253\n"
    )
    power = "effect_size,alpha,power,n_per_arm\n0.2,0.05,0.80,395\n0.3,0.05,0.80,175\n0.5,0.05,0.80,65\n"
    report = "class,precision,recall,f1-score,support\nno bleed,0.97,0.94,0.95,8420\nbleed,0.41,0.58,0.48,610\n"
    meta = "outcome,I2,tau2,Q,k\nmortality,34.1,0.012,13.7,9\nreadmission,61.0,0.043,20.5,8\n"
    return [
        safe("cox_tidy.csv", "coefficients p-values", tidy), safe("hazard_ratios.csv", "confidence-intervals", hazard),
        safe("smd.csv", "statistics", smd), safe("calibration.csv", "statistics deciles", decile),
        safe("seeds.csv", "random-seeds", seeds), safe("learning_curve.csv", "model-metrics", loss),
        safe("correlations.csv", "statistics", corr), safe("importance.csv", "model-metrics", importance),
        safe("describe.csv", "statistics", quantiles), safe("rates.csv", "rates", rates),
        safe("model_fit.csv", "regression-large-n", fit), safe("chi_squared.csv", "p-values", tests),
        safe("power.csv", "sample-size", power), safe("classification_report.csv", "model-metrics", report),
        safe("meta_analysis.csv", "statistics", meta),
    ]  # fmt: skip


def _codes(random: Random) -> list[Labelled]:
    snomed = "code,term\n" + "".join(f"{code},{term}\n" for code, term in SNOMED.items())
    snomed_counts = "concept_id,term,people\n" + "".join(f"{c},{t},{rounded(random)}\n" for c, t in SNOMED.items())
    icd = "icd10,description\nK92.0,Haematemesis\nK92.1,Melaena\nK92.2,GI haemorrhage unspecified\nI21.9,Acute MI\nE11.9,Type 2 diabetes\nJ45,Asthma\n"
    bnf = (
        "bnf_code,name\n0208020V0,Warfarin sodium\n0208020X0,Dabigatran\n0103050P0,Omeprazole\n0212000B0,Atorvastatin\n"
    )
    opcs = "opcs4,procedure\nG45.9,Diagnostic fibreoptic endoscopic examination\nK40.1,Coronary bypass\nW37.1,Hip replacement\n"
    dmd = "dmd_id,vmp\n39720311000001101,Paracetamol 500mg tablets\n41950911000001109,Omeprazole 20mg capsules\n"
    omop = "concept_id,concept_name,domain_id,vocabulary_id\n" + "".join(
        f"{random.randint(10**6, 4 * 10**7)},{term},Condition,SNOMED\n" for term in SNOMED.values()
    )
    read = "read_v2,ctv3,term\nG30..,X200E,Acute MI\nC10E.,X40J4,Type 1 diabetes\nH33..,H33..,Asthma\n"
    imd = "lsoa11cd,imd_rank,imd_decile\n" + "".join(
        f"E01{random.randint(10**5, 10**6 - 1):06},{random.randint(1, 32844)},{d}\n" for d in range(1, 11)
    )
    return [
        safe("codelist_snomed.csv", "snomed-codes", snomed), safe("snomed_counts.csv", "snomed-codes", snomed_counts),
        safe("codelist_icd10.csv", "icd-codes", icd), safe("codelist_bnf.csv", "code-list", bnf),
        safe("codelist_opcs.csv", "code-list", opcs), safe("codelist_dmd.csv", "code-list", dmd),
        safe("concept_set.csv", "code-list", omop), safe("codelist_read.txt", "code-list", read),
        safe("lsoa_imd.csv", "lsoa-codes", imd),
    ]  # fmt: skip


def _settings() -> list[Labelled]:
    return [
        safe("doses.csv", "dose-table", "drug,dose_mg,times_per_day,max_days\nDabigatran,150,2,28\nApixaban,5,2,28\nEdoxaban,60,1,28\nWarfarin,3,1,90\n"),
        safe("charlson_weights.csv", "weights", "condition,weight\nMyocardial infarction,1\nDementia,1\nRenal disease,2\nMetastatic cancer,6\nAIDS,6\n"),
        safe("variables.csv", "dictionary", "variable,type,unit,minimum,maximum\nage,integer,years,18,110\nsbp,integer,mmHg,60,260\ncharlson,integer,points,0,29\n"),
        safe("package_versions.csv", "versions", "package,version\npandas,2.2.3\nnumpy,1.26.4\nlifelines,0.29.0\nscikit-learn,1.5.2\n"),
        safe("policy_dates.csv", "dates", "date,event\n2020-03-23,First lockdown\n2020-11-05,Second lockdown\n2021-01-06,Third lockdown\n"),
        safe("grid_search.csv", "hyperparameters", "n_estimators,max_depth,min_samples_leaf,mean_auc\n100,3,5,0.811\n200,3,5,0.815\n200,6,1,0.809\n500,6,2,0.818\n"),
        safe("codelist_sizes.csv", "counts-of-things", "codelist,number_of_codes,version\nGI bleed,7,3\nStroke,23,2\nAnticoagulants,4,1\n"),
        safe("lab_ranges.csv", "reference-ranges", "test,unit,low,high\nHaemoglobin,g/L,130,170\nPotassium,mmol/L,3.5,5.3\nINR,,0.8,1.2\nPlatelets,10^9/L,150,400\n"),
        safe("opening_hours.csv", "opening-hours", "day,opens,closes\nMonday,09:00,17:30\nTuesday,09:00,17:30\nSaturday,10:00,13:00\n"),
        safe("unit_costs.csv", "costs", "item,cost_gbp,year\nA&E attendance,297,2023\nInpatient day,409,2023\nGP visit,42,2023\n"),
    ]  # fmt: skip
