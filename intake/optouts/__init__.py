"""Opt-outs: who may not be used for what, and the exchange with the national check service.

The cut asks one question, `write_denied`, for a `Use`. Everything is closed that is not known to be open: see
docs/explanation/opt-outs.md, and `deny.toml` for which opt-out closes what.

A file of opt-outs is CSV, UTF-8, with a header line and six columns:

    nhs_number,kind,controller,status,from,to
    9990000018,type_1,,active,2024-05-01,
    9990000026,gdpr_objection,acute_trust,pending,2025-11-03,

- nhs_number: ten digits, check digit right, no spaces.
- kind: `type_1`, `local`, `gdpr_objection`, `summary_care_record`. National opt-outs are in no such file: they
  come from the check service, as a `.dat` file of one `number,` a line (LF) that holds only those who may be used.
- controller: of a GDPR objection: an organisation's code, a kind of controller of a feed (`acute_trust`) or the name
  of a feed; not known or empty closes every feed. Empty for all other kinds.
- status: of a GDPR objection `pending`, `upheld`, `declined` or `withdrawn`; else `active` or `withdrawn`. Empty:
  `active`.
- from, to: days (YYYY-MM-DD), both included. Empty `from`: ever since; what ends an opt-out (`withdrawn`, `declined`)
  must say from when. Empty `to`: until something else is said.
"""

from intake.optouts.denied import DENIED, DeniedCount, DeniedReport, write_denied
from intake.optouts.version import AnswerState, OptOutLabel, read_label
from intake.optouts.words import REASONS, UNANSWERED, Kind, Status, Use

__all__ = [
    "DENIED",
    "REASONS",
    "UNANSWERED",
    "AnswerState",
    "DeniedCount",
    "DeniedReport",
    "Kind",
    "OptOutLabel",
    "Status",
    "Use",
    "read_label",
    "write_denied",
]
