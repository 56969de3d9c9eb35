"""The words of the guard's HTTP interface (pydantic lives at this edge only)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from governance.catalogue import CatalogueTable


class Question(BaseModel):
    """The body of a query. There is no field for a person or a project: both come from the channel."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(description="one SELECT statement")


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
    """The caller's project and the disclosure rules that hold in it."""

    project: str
    title: str
    mode: str
    profile: str
    threshold: int
    round_to: int
    ends_on: date
