"""The intake's records: deliveries, versions of the region and of the opt-outs, a project's cohort, what a grant
narrows, what an extract was built from and whether it is still there, and sealed requests for re-identification.

Extracts of days before this step were adopted from a database; their purpose is their project's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NAME, DIGEST, MOMENT = sa.String(200), sa.String(64), sa.DateTime(timezone=True)


def upgrade() -> None:
    """The intake's tables and the columns of grants and extracts."""
    _create_deliveries()
    _create_versions()
    _create_reidentification()
    _create_keeper()
    op.create_table(
        "project_cohort",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "project_slug",
            NAME,
            sa.ForeignKey("project.slug", name="fk_project_cohort_project_slug_project"),
            nullable=False,
        ),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
    )
    op.create_index("ix_project_cohort_project_slug", "project_cohort", ["project_slug"])
    for name in ("starts_on", "ends_on"):
        op.add_column("data_grant", sa.Column(name, sa.Date))
    op.add_column("data_grant", sa.Column("codes", sa.Text, nullable=False, server_default=""))
    op.add_column("extract", sa.Column("origin", NAME, nullable=False, server_default="adopted"))
    for name in ("purpose", "region_version", "opt_out_version"):
        op.add_column("extract", sa.Column(name, NAME, nullable=False, server_default=""))
    op.add_column("extract", sa.Column("destroyed_at", MOMENT))


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("feed", NAME, nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows_in", "rows_kept", "rows_quarantined")),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("decided_by", NAME, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("reason", sa.Text, nullable=False),
        sa.UniqueConstraint("feed", "sha256", name="uq_delivery_feed"),
        sa.UniqueConstraint("number", name="uq_delivery_number"),
    )
    op.create_index("ix_delivery_state", "delivery", ["state"])


def _create_versions() -> None:
    op.create_table(
        "region_version",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("folder", NAME, nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("deliveries", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("people", "rows")),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "opt_out_version",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("policy", NAME, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )


def _create_reidentification() -> None:
    project = sa.ForeignKey("project.slug", name="fk_reidentification_request_project_slug_project")
    op.create_table(
        "reidentification_request",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("project_slug", NAME, project, nullable=False),
        *(sa.Column(name, NAME, nullable=False) for name in ("requested_by", "clinician")),
        *(sa.Column(name, NAME, nullable=False) for name in ("first_keyholder", "second_keyholder")),
        *(sa.Column(name, NAME, nullable=False) for name in ("legal_ground", "state")),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("created_at", "expires_at")),
        sa.Column("ended_at", MOMENT),
    )
    op.create_index("ix_reidentification_request_project_slug", "reidentification_request", ["project_slug"])
    request = sa.ForeignKey("reidentification_request.id", name="fk_reidentification_approval_request")
    op.create_table(
        "reidentification_approval",
        sa.Column("request_id", NAME, request, primary_key=True),
        sa.Column("subject", NAME, primary_key=True),
        sa.Column("share", sa.LargeBinary, nullable=False),
        sa.Column("approved_at", MOMENT, nullable=False),
    )
    person = sa.ForeignKey("person.subject", name="fk_sealing_key_subject_person")
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", NAME, person, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
    )
    op.create_index("ix_sealing_key_subject", "sealing_key", ["subject"])


def _create_keeper() -> None:
    op.create_table(
        "keeper_duty",
        sa.Column("name", NAME, primary_key=True),
        *(sa.Column(name, NAME, nullable=False) for name in ("state", "done_for")),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
    )
