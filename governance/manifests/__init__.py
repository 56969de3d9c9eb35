"""Projects, memberships and data sources as manifests of the Lancashire and South Cumbria SDE (`xlscsde.nhs.uk/v1`).

Promise: a file is taken in whole or not at all, names a person by their whole subject or address or not at all, gives
no access that the register would not give, and carries no secret in either direction.
"""

from governance.manifests.documents import Binding, DataSource, Manifest, Workspace
from governance.manifests.exporting import export_manifest
from governance.manifests.importing import Names, Terms, import_manifest
from governance.manifests.reading import read_manifest

__all__ = [
    "Binding",
    "DataSource",
    "Manifest",
    "Names",
    "Terms",
    "Workspace",
    "export_manifest",
    "import_manifest",
    "read_manifest",
]
