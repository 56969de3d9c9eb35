"""What an author's ACRO session said of the files of a request, read from the session's own record among its supporting
files. It is carried as the author's word; nothing is decided by it.
"""

from __future__ import annotations

import io

from egress.airlock import Airlock
from egress.ballots import FileKind, live_files
from egress.files import StoredFile
from egress.releasing.outputs import AuthorsWord
from governance.store.airlock import EgressRequest

#: The name under which a submitted session's results.json is kept: a supporting file, so it never leaves.
SESSION_RECORD = "acro-session.json"


def words_of(airlock: Airlock, request_id: str) -> dict[str, AuthorsWord]:
    """Words by the file's name; empty for a request that was no ACRO session, or whose record cannot be read."""
    with airlock.store.reading() as session:
        files = live_files(session.get_one(EgressRequest, request_id))
    record = [file for file in files if (file.name, file.kind) == (SESSION_RECORD, FileKind.SUPPORTING.value)]
    if not record:
        return {}
    from egress.acro.record import read_record
    from governance.refusal import Refusal

    content = io.BytesIO()
    try:
        airlock.files.copy_out(StoredFile(record[0].sha256, record[0].size), content)
        return read_record(content.getvalue()).words
    except Refusal:
        return {}
