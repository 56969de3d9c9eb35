"""The words of the guard's HTTP interface (pydantic lives at this edge only)."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from governance.catalogue import CatalogueTable
from governance.disclosure import DisclosureProfile
from governance.registry import CellBudget
from governance.store.projects import Project
from query_guard.asked import PLAIN_DIALECT, Asked


class Question(BaseModel):
    """The body of a query. There is no field for a person or a project: both come from the channel."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(description="one SELECT statement")
    dialect: str = Field(default=PLAIN_DIALECT, description="duckdb, tsql, postgres or sqlite")
    parameters: list[Any] | dict[str, Any] | None = Field(
        default=None,
        description="values for :name, $name and @name, or a list for ? and $1: text, numbers, truth values, null, "
        '{"date": "2020-01-31"}, {"timestamp": "2020-01-31T12:00:00"}, and lists of these for IN',
    )

    def as_asked(self) -> Asked:
        """What is asked, as the story of a query takes it."""
        return Asked(self.sql, self.dialect, self.parameters or ())


class RefusalShape(BaseModel):
    """Why something is refused."""

    code: str
    message: str
    remedy: str
    where: str


class ColumnShape(BaseModel):
    """One column the project may name."""

    name: str
    type: str
    use: str
    description: str


class TableShape(BaseModel):
    """One table the project may name."""

    name: str
    kind: str
    description: str
    columns: list[ColumnShape]

    @classmethod
    def of(cls, table: CatalogueTable) -> TableShape:
        """From the catalogue."""
        columns = [
            ColumnShape(name=column.name, type=column.type, use=column.use.value, description=column.description)
            for column in table.columns.values()
        ]
        return cls(name=table.name, kind=table.kind.value, description=table.description, columns=columns)


class ProjectShape(BaseModel):
    """The caller's project and the disclosure rules that hold in it. `budget_cells` a person and day (UTC);
    `cells_left` is the caller's own, today."""

    project: str
    title: str
    mode: str
    profile: str
    threshold: int
    round_to: int
    budget_cells: int
    cells_left: int
    ends_on: date

    @classmethod
    def of(cls, project: Project, profile: DisclosureProfile, budget: CellBudget) -> ProjectShape:
        """From the register."""
        return cls(
            project=project.slug,
            title=project.title,
            mode=project.mode,
            profile=profile.name,
            threshold=profile.threshold,
            round_to=profile.round_to,
            budget_cells=budget.total,
            cells_left=budget.left,
            ends_on=project.ends_on,
        )
