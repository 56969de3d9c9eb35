"""Header words, as data, from which headers.py tells what a column holds. Adding a word here is the whole change.

Sources: OMOP CDM 5.4 column names, HES and ECDS field names, the default column names of pandas, R, statsmodels and
lifelines output, and the Government Statistical Service's advice on table headers.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """What the numbers of a column are."""

    COUNT = "count"  # of people, or of events of people
    MAYBE_COUNT = "maybe-count"  # whole numbers without a name that says what they are
    PERSON_KEY = "person-key"
    BIRTH = "birth"
    DATE = "date"
    YEAR = "year"
    AGE = "age"
    ORDINAL = "ordinal"
    CODE = "code"
    PERCENT = "percent"
    STATISTIC = "statistic"
    LABEL = "label"


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


#: Words of people and of events of people: a whole number below them is a count of people.
PEOPLE = words(
    """patients pts people persons person participants participant subjects individuals women men males females
    children adults babies infants residents population pop cases controls case deaths death died dead survivors
    admissions admitted spells episodes visits encounters appointments attendances events diagnoses births
    pregnancies prescriptions observations obs nobs records cohort registrations referrals discharges
    readmissions operations procedures vaccinated unvaccinated exposed unexposed treated untreated censored
    smokers carers staff respondents observed tp fp tn fn users members household households excluded included
    eligible recruited randomised randomized hospitalised hospitalized infections event bleeds bleed
    haemorrhages strokes fractures hospitalisations hospitalizations survived alive registered positives
    infected"""
)
#: Words of quantity: a count, unless another word says of what (n_estimators, total_cost).
QUANTITY = words(
    "n count counts cnt num number numbers no nr freq frequency total totals sum all overall size tally ntotal nrow"
)
#: Of these, the ones that count wherever they stand in a header ("pre_n_post").
COUNTING = words("n count counts cnt num number freq frequency")
NUMBERING = words("number no nr num")
ALWAYS_COUNT = words(
    "numerator numer denominator denom headcount nunique npat ncases ncontrols nobs npersons npeople npatients nevents"
    " ndeaths"
)
PERCENT_WORDS = words("% percent percentage pct perc percentages percents")
PROPORTIONS = words("prop proportion proportions share fraction")
#: Words of statistics: beat the words of people (mean_patients is a mean).
STATISTICS = words(
    """mean means average avg median sd std stdev stderr se sem var variance iqr quantile quartile p5 p10 p25 p50 p75
    p90 p95 p99 percentile ci ci95 ll ul lci uci lcl ucl lq uq cil ciu lower upper conf ratio odds hazard hr rr
    irr aor ahr smr coef coefs coefficient coefficients beta betas estimate estimates est log loglik ln exp
    logit skew skewness kurtosis pvalue pval padj fdr pr chi chi2 chisq statistic stat wald df dof aic bic auc
    auroc roc r2 rsquared rmse mae prop proportion proportions share prevalence incidence per rates rmst
    expected predicted fitted residual residuals prediction predictions sensitivity specificity ppv npv f1
    accuracy precision recall brier calibration power alpha effect difference diff delta change correlation
    deviance sigma sqrt log2 log10 q25 q75 nnt trend corr kappa tstat zscore vif min max minimum maximum range
    std_err"""
)
#: Words of statistics that lose against a leading "n" or "number of" (n_high_risk counts people).
SOFT_STATISTICS = words("risk rate score index weight importance probability prob z_score hazards survival share")
LONE_STATISTICS = words("p q t z r b or s")
STATISTIC_PAIRS = frozenset(
    (letter, word) for letter in "pqtzf" for word in ("value", "val", "values", "adj", "adjusted", "stat")
) | {("number", "needed"), ("time", "to")}
PERSON_TIME = words("years year days months time pyears")
CODES = words(
    """concept conceptid concepts snomed sctid icd icd9 icd10 icd11 opcs opcs4 readcode read ctv3 bnf dmd vmp amp atc
    loinc rxnorm ndc code codes codelist lsoa msoa lad ccg icb icd10code ods oa district fips hrg uprn ecds edqm
    vocabulary"""
)
AGES = words("age ages aged")
YEARS = words("year yr fy yob")
ORDINALS = words(
    """month week day quarter hour minute date period decile quintile quartile tertile rank order step idx row lag
    position wave visit round epoch iteration fold bin cluster group grade stage level band index weekday dow
    version seq sequence category class line seed time"""
)
#: Things that are counted or measured and are not people, so small numbers of them are no matter.
THINGS = words(
    """estimators jobs splits folds bins components clusters iter iters iterations features neighbors neighbours trees
    epochs knots levels columns variables vars covariates parameters params bootstraps bootstrap replicates
    simulations permutations draws chains tables models practices hospitals sites trusts providers wards regions
    comparisons steps days weeks months years hours minutes seconds digits decimals bytes cost costs charge
    charges price amount gbp pounds paid los length duration interval stay dose mg ml kg cm mmhg bmi height
    pressure bp sbp dbp hba1c egfr temperature depth threshold thresholds hyperparameter batch layers units
    leaves samples_split degrees degree files queries comorbidity comorbidities charlson severity horizon
    latitude longitude pyears py groups followup ms codes items questions answers points cores workers threads
    font width timepoint timeline distance km miles metres meters litres mmol nmol umol speed volume"""
)
#: Names that a pivoted table gives to its columns: the categories of something that was counted.
CATEGORIES = words(
    """male female m f yes no y n true false white black asian mixed other unknown missing low medium high none not
    stated refused positive negative alive dead urban rural current former never single married least most
    deprived treated control case exposed unexposed indeterminate men women boys girls total all inpatient
    outpatient emergency"""
)

_EVENT = (
    "record|visit|encounter|spell|episode|admission|measurement|observation|specimen|note|(?:observation_)?period"
    "|[a-z]+_(?:occurrence|exposure|era|detail)"
)
_PERSON = (
    "person|patient|pat|subject|participant|member|client|nhs|hes|mps|study|hospital|individual|pseudo|enc(rypted)?"
)
PERSON_KEY = re.compile(
    rf"(?:.*_)?(?:(?:{_PERSON})_?(?:id|ids|key|no|num|number|nr|ref|hash|pseudonym|source_value|identifier|ordinal)"
    rf"|(?:{_EVENT})_(?:id|key|hash|identifier)|(?:encrypted_?)?hes_?id|mrn|nhs_?no|chi_?(?:no|number)?|uuid|guid|epikey"
    r"|susrecid|pseudonym|pseudonymi[sz]ed_?(?:id)?|pseudo_?id|token_person_id|upi|patid)(?:_(?:deid|pseudo|hashed))?"
)
COUNTED_KEY = words("n count counts cnt num distinct unique nunique freq frequency")
BIRTH = words("dob birth born birthdate birthday dateofbirth birthdatetime")
NOT_A_BIRTHDAY = words("year month weight cohort country place order plurality rate rates type live still length")
#: What describes one person; two such columns and nothing counted make a table of persons.
PERSONAL = words(
    """age sex gender ethnicity ethnic race marital imd smoking smoker bmi height weight dob birth yob died death dead
    alive deceased postcode diagnosis condition drug admission admitted discharge discharged medication
    occupation religion language ward outcome"""
)
#: What a model says of one person, or of one row of its data.
OF_A_ROW = words("residual residuals leverage cook cooks fitted shap dfbeta dfbetas influence")
#: What is measured on one person, and says as much of them.
BODILY = words(
    """bmi height weight sbp dbp bp systolic diastolic hba1c egfr cholesterol chol hdl ldl creatinine glucose pulse
    haemoglobin hemoglobin hb albumin sodium potassium urea crp platelets spo2 ferritin tsh psa waist temperature"""
)
TIMES = words("time timestamp date datetime epoch created updated")
PERSON_NAMES = re.compile(
    r"(?:(?:patient|person|full|first|last|middle|given|family|maiden|mothers?|fathers?|carers?)_?name"
    r"|surname|forenames?|next_of_kin)s?"
)
ADDRESS_WORDS = words("address addr street house postal")
PHONE_WORDS = words("phone telephone mobile tel fax contact")
