"""The release manifest: its JSON Schema, with what each field means."""

from __future__ import annotations

import json
from typing import Any

from egress.releasing.manifest import FORMAT, KIND

DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SIZE = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
MOMENT = {"type": "string", "format": "date-time"}


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties),
        "properties": properties,
    }


def _list(of: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {"type": "array", "items": of} | ({"description": description} if description else {})


def _say(kind: dict[str, Any], description: str) -> dict[str, Any]:
    return {**kind, "description": description}


FINDING = _object(
    "What a check said, as the checkers saw it.",
    check=TEXT,
    severity=_say({"enum": ["REVIEW", "FAIL"]}, "PASS leaves no finding."),
    where=TEXT,
    why=TEXT,
)
VOTE = _object(
    "A vote that the release rests on.",
    checker=_say(TEXT, "Subject of the output checker."),
    decision=_say({"enum": ["approve", "changes", "reject"]}, "Where reviews differed, a further one settled it."),
    policy_version=TEXT,
    voted_at=MOMENT,
)
FILE = _object(
    "One file that left.",
    name=TEXT,
    media_type=_say(TEXT, "By content, never by name."),
    sha256=_say(DIGEST, "Of what left."),
    size=SIZE,
    approved=_object("What the checkers looked at.", sha256=DIGEST, size=SIZE),
    sanitised=_say({"type": "boolean"}, "Whether the two differ."),
    removed=_list(TEXT, "What was taken off on the way, in words."),
    findings=_list(FINDING),
    votes=_list(VOTE),
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Release manifest of SDE Gateway",
    **_object(
        "What left, under which policy, on whose approval.",
        format={"const": FORMAT},
        kind={"const": KIND},
        project=TEXT,
        request=_say({"type": "string", "pattern": "^[0-9a-f]{16}$"}, "Id of the egress request."),
        turn=_say({"type": "integer", "minimum": 1}, "Which submission of the request."),
        author=_say(TEXT, "Subject of the author."),
        title=TEXT,
        policy=_object(
            "The disclosure profile in force.",
            profile=TEXT,
            version=TEXT,
            threshold=_say({"type": "integer"}, "Smallest count that may be shown."),
            round_to=_say({"type": "integer"}, "Counts are multiples of this."),
            approvals=_say({"type": "integer", "minimum": 2}, "Approvals that each file needs."),
        ),
        checkers=_list(TEXT, "Who approved, each once."),
        exception={
            "oneOf": [
                {"type": "null"},
                _object(
                    "What a controller's delegate let pass and why; `reason` is the author's, where a check said FAIL.",
                    reason=TEXT,
                    controller=TEXT,
                    decision=TEXT,
                ),
            ]
        },
        files=_list(FILE),
        companions=_list(_object("A document made by the release.", name=TEXT, sha256=DIGEST, size=SIZE)),
        receipts=_list(TEXT, "The author's newest answered queries in the project."),
        created_at=_say(MOMENT, "When the request was drafted."),
        released_at=MOMENT,
        tools=_say({"type": "object", "additionalProperties": TEXT}, "Versions of what checked and wrote."),
    ),
}

INTRODUCTION = """# The release manifest

A released folder holds the released files and, beside them:

| file | what it is |
|---|---|
| `manifest.json` | What left, under which policy, on whose approval. Canonical JSON (below). |
| `manifest.sig` | Its Ed25519 signature: JSON with `algorithm`, `public_key` and `signature` in hex. |
| `results.json` | The same release in ACRO's words, for SACRO's viewer. |
| `checksums/` | SHA-256 of each released file, where that viewer looks. |
| `ro-crate-metadata.json` | The same release as an RO-Crate 1.2. |
| `recalled.json`, `recalled.sig` | Only after a recall: a tombstone with the manifest's SHA-256, signed likewise. |

The signature is over the bytes of `manifest.json`: UTF-8, keys sorted, indented by one space, a final newline. Believe
a public key only if it came to you another way than the release.

`sde release verify FOLDER --key KEY` checks all of it offline. Its refusals:

| code | what it means |
|---|---|
| `not-a-release` | there is no manifest with a signature, or it is of another format |
| `key-unknown` | no public key was given: nothing is proven |
| `signature-wrong` | the manifest was changed, or signed by another key |
| `release-recalled` | the service called this release back |
| `tombstone-wrong` | the folder says so, but not in the service's words |
| `other-release` | a genuine release, of another request than asked for |
| `file-missing`, `file-changed`, `file-added`, `link-in-release` | the folder is not what was released |

A folder from which somebody takes the tombstone away looks as it did before the recall; only the register knows.

## JSON Schema

"""


def page() -> str:
    """What lies in a released folder, and the schema of its manifest."""
    schema = json.dumps(SCHEMA, indent=1)
    return f"{INTRODUCTION}```json\n{schema}\n```"
