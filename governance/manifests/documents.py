"""The three kinds of manifest as values, and their form on the page: which fields there are and which are needed.

The form follows the public description of the custom resources of that SDE's workspace management; fields that mean
nothing here (pods, volumes, node selectors) are named to whoever imports them instead of being dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION: Literal["xlscsde.nhs.uk/v1"] = "xlscsde.nhs.uk/v1"


def _plain_day(value: object) -> object:
    """YAML makes a date or a moment of what looks like one; only whole days count here."""
    if isinstance(value, datetime):
        raise ValueError("a day, without a time")
    return value


Day = Annotated[date, BeforeValidator(_plain_day)]
Short = Annotated[str, Field(min_length=1, max_length=200)]
Long = Annotated[str, Field(max_length=4000)]


class _Form(BaseModel):
    """Fields in camelCase, as Kubernetes writes them. Unknown ones are kept, to be named in the notes."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel), populate_by_name=True, extra="allow", frozen=True, strict=False
    )


class _Metadata(_Form):
    name: Short
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    namespace: str = ""


class Validity(_Form):
    """Both days inclusive."""

    available_from: Day
    expires: Day


class Limits(_Form):
    """Of one workspace, in Kubernetes' own words (`2`, `500m`, `2Gi`)."""

    cpu: str | int | float | None = None
    memory: str | int | None = None


class Resources(_Form):
    """Only limits mean something here."""

    limits: Limits = Limits()


class JupyterWorkspace(_Form):
    """Which image, with how much of the machine."""

    image: Short
    resources: Resources = Resources()


class WorkspaceSpec(_Form):
    """Of an AnalyticsWorkspace: here, a project."""

    display_name: Short
    description: Long
    validity: Validity
    jupyter_workspace: JupyterWorkspace


class BindingSpec(_Form):
    """Of an AnalyticsWorkspaceBinding: here, a membership."""

    workspace: Short
    username: Short
    expires: Day
    comments: Long = ""


class Contact(_Form):
    """Whom to ask."""

    name: str = ""
    role: str = ""


class Publisher(_Form):
    """Whose data it is."""

    organisation: Short
    contact: Contact = Contact()


class ProjectReference(_Form):
    """Which project the source belongs to; empty: none."""

    id: str = ""


class Connection(_Form):
    """How a source is reached there. Ours are reached by the guard alone, so only its name and type are kept."""

    name: Short
    type: Short


class Approval(_Form):
    """Who approved the use of a source, and when."""

    type: Short
    name: str = ""
    email: str = ""
    job_title: str = ""
    approval_given: str = ""


class DataSourceSpec(_Form):
    """Of an AnalyticsDataSource."""

    type: Short
    display_name: Short
    description: Long = ""
    license: Long = ""
    publisher: Publisher
    project: ProjectReference = ProjectReference()
    connections: list[Connection] = []
    approvals: list[Approval] = []


class WorkspaceForm(_Form):
    """One whole document."""

    api_version: Literal["xlscsde.nhs.uk/v1"]
    kind: Literal["AnalyticsWorkspace"]
    metadata: _Metadata
    spec: WorkspaceSpec


class BindingForm(_Form):
    """One whole document."""

    api_version: Literal["xlscsde.nhs.uk/v1"]
    kind: Literal["AnalyticsWorkspaceBinding"]
    metadata: _Metadata
    spec: BindingSpec


class DataSourceForm(_Form):
    """One whole document."""

    api_version: Literal["xlscsde.nhs.uk/v1"]
    kind: Literal["AnalyticsDataSource"]
    metadata: _Metadata
    spec: DataSourceSpec


@dataclass(frozen=True)
class Workspace:
    """A project as a manifest tells it. `name` is its slug; `annotations`: what only our own manifests say."""

    name: str
    title: str
    summary: str
    starts: date
    ends: date
    annotations: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Binding:
    """A membership: of which project, who, until when."""

    name: str
    workspace: str
    username: str
    until: date
    role: str


@dataclass(frozen=True)
class DataSource:
    """A source of data with its publisher, licence and approvals. `connections`: (name, type)."""

    name: str
    kind: str
    title: str
    description: str
    licence: str
    publisher: str
    contact: str
    contact_role: str
    project: str
    connections: tuple[tuple[str, str], ...]
    approvals: tuple[tuple[str, str, str, str, str], ...]


@dataclass(frozen=True)
class Manifest:
    """A whole file. `notes`: fields that mean nothing here, by document."""

    workspaces: tuple[Workspace, ...]
    bindings: tuple[Binding, ...]
    sources: tuple[DataSource, ...]
    notes: tuple[str, ...] = ()
