"""The plain words of the public register: purposes, opt-outs, kinds of record, where records come from. As data.

Promise: which opt-outs are said to be honoured is what the deny table of the intake closes (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping

from governance.roles import Mode, Purpose

PURPOSES: Mapping[Purpose, str] = {
    Purpose.LOCAL_PLANNING: "Planning of care in this area",
    Purpose.LOCAL_RESEARCH: "Research for this area",
    Purpose.NATIONAL: "Planning or research for the whole country",
}
TYPE_1 = "Type 1 opt-out (your GP record)"
NATIONAL = "National data opt-out"
LOCAL = "Local opt-out of this area"
OBJECTION = "Objections to one organisation's use of your records"
#: Kind in the deny table -> what people know it as.
OPT_OUTS: Mapping[str, str] = {"type_1": TYPE_1, "national": NATIONAL, "local": LOCAL, "gdpr_objection": OBJECTION}
#: Purpose -> the kinds that keep records out.
HONOURED: Mapping[Purpose, tuple[str, ...]] = {
    Purpose.LOCAL_PLANNING: ("type_1", "national", "local", "gdpr_objection"),
    Purpose.LOCAL_RESEARCH: ("type_1", "national", "local", "gdpr_objection"),
    Purpose.NATIONAL: ("type_1", "national", "gdpr_objection"),
}
MODES: Mapping[Mode, str] = {
    Mode.AGGREGATE: "Counts and averages only. Small numbers are hidden.",
    Mode.RECORD_LEVEL: "Records without names, inside the secure area only.",
}
#: Table of the common format -> what its rows are about.
TABLES: Mapping[str, str] = {
    "*": "All kinds of record that are held here",
    "person": "Year of birth, sex and ethnic group",
    "observation_period": "From when to when records were kept",
    "visit_occurrence": "Visits to hospital, GP or other care",
    "visit_detail": "Parts of a stay in hospital",
    "condition_occurrence": "Illnesses and symptoms",
    "drug_exposure": "Medicines and vaccines",
    "procedure_occurrence": "Operations and other treatment",
    "device_exposure": "Devices, such as a pacemaker",
    "measurement": "Test results, such as blood pressure",
    "observation": "Other facts about health and life",
    "death": "Date and cause of death",
    "specimen": "Samples taken, such as blood",
    "condition_era": "How long an illness lasted",
    "drug_era": "How long a medicine was taken",
    "dose_era": "How long a dose was taken",
    "payer_plan_period": "Who paid for care, and when",
    "episode": "Times of illness or treatment",
    "location": "The small area where people live (never a postcode)",
    "care_site": "The kind of place where care was given",
    "concept": "A dictionary of codes (about nobody)",
    "concept_ancestor": "A dictionary of codes (about nobody)",
    "concept_relationship": "A dictionary of codes (about nobody)",
    "concept_synonym": "A dictionary of codes (about nobody)",
    "concept_class": "A dictionary of codes (about nobody)",
    "domain": "A dictionary of codes (about nobody)",
    "vocabulary": "A dictionary of codes (about nobody)",
    "relationship": "A dictionary of codes (about nobody)",
    "drug_strength": "How strong each medicine is (about nobody)",
}
OTHER_TABLE = "Other records"
#: Feed of the region -> who sends it, what it tells.
FEEDS: Mapping[str, tuple[str, str]] = {
    "ambulance": ("The ambulance service", "Calls, how urgent they were, and what was done."),
    "community": ("Community services", "Visits by nurses and therapists near home."),
    "gp": ("GP practices", "Illnesses, medicines, tests and vaccines."),
    "hospital": ("Hospitals", "Stays, clinic visits, emergency care, operations."),
    "mental_health": ("Mental health services", "Referrals, contacts and stays."),
    "social_care": ("Adult social care", "Requests for help, and the care that was given."),
}


def say_table(name: str) -> str:
    """What a table is about."""
    return TABLES.get(name, OTHER_TABLE)


def say_feed(name: str) -> tuple[str, str]:
    """Who sends a feed, and what it tells."""
    return FEEDS.get(name, (name.replace("_", " ").capitalize(), ""))


def honoured(purpose: str) -> tuple[str, ...]:
    """Which opt-outs keep somebody's records out of a project of this purpose."""
    return tuple(OPT_OUTS[kind] for kind in HONOURED[Purpose(purpose)])
