"""The allow-list of file types, and the signatures of types that may not leave: data for detection.py.

A type is what the content is, never what the name says. Sources: egress.md (types), RFC 2083 (PNG), ISO 10918 (JPEG),
ISO 32000 (PDF), and the published magic numbers of each format.
"""

from __future__ import annotations

import re

CSV, TSV = "text/csv", "text/tab-separated-values"
PLAIN, MARKDOWN, HTML = "text/plain", "text/markdown", "text/html"
JSON, NOTEBOOK = "application/json", "application/x-ipynb+json"
PNG, JPEG, SVG, PDF = "image/png", "image/jpeg", "image/svg+xml", "application/pdf"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: Allowed where the project's disclosure profile allows them (docs/decisions/office-files-by-profile.md).
OFFICE = frozenset({XLSX, DOCX})

#: File extension -> the only media type that its content may have.
ALLOWED: dict[str, str] = {
    ".csv": CSV,
    ".tsv": TSV,
    ".txt": PLAIN,
    ".log": PLAIN,
    ".md": MARKDOWN,
    ".json": JSON,
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".svg": SVG,
    ".html": HTML,
    ".htm": HTML,
    ".pdf": PDF,
    ".ipynb": NOTEBOOK,
    ".xlsx": XLSX,
    ".docx": DOCX,
}
ALLOWED_TYPES = frozenset(ALLOWED.values())

_TEXTS = frozenset({PLAIN, JSON})  # YAML and JavaScript-like lists may well be JSON
#: What may be brought in: file extension -> the media types that its content may have. Code is text.
IMPORTABLE: dict[str, frozenset[str]] = {
    **{f".{code}": _TEXTS for code in ("py", "r", "rmd", "qmd", "sql", "stan", "jl", "do", "sas")},
    **{f".{setting}": _TEXTS for setting in ("yaml", "yml", "toml", "ini", "cfg", "txt")},
    **{extension: frozenset({ALLOWED[extension]}) for extension in (".csv", ".tsv", ".json", ".md", ".ipynb", ".pdf")},
    **{extension: frozenset({ALLOWED[extension]}) for extension in (".png", ".jpg", ".jpeg", ".xlsx", ".docx")},
}
#: Text that may come in as code, in the words of the two tables below, and never leaves.
CODE_TEXTS = frozenset({"a script", "a database dump"})

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
PDF_SIGNATURE = b"%PDF-"
ZIP_SIGNATURE = b"PK\x03\x04"

#: (offset, bytes, what it is): refused whatever the extension. Longer and rarer signatures first.
FORBIDDEN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"SQLite format 3\x00", "a SQLite database"),
    (8, b"DUCK", "a DuckDB database"),
    (257, b"ustar", "a tar archive"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"PK\x07\x08", "a zip archive in pieces"),
    (0, b"\x04\x22\x4d\x18", "an lz4 archive"),
    (0, b"MSCF\x00\x00\x00\x00", "a cabinet archive"),
    (0, b"!<arch>\n", "an ar archive (also deb)"),
    (32769, b"CD001", "a disc image"),
    (0, b"\x1f\x8b", "a gzip archive (also RData, rds)"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-zip archive"),
    (0, b"Rar!\x1a\x07", "a rar archive"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"PARE", "an encrypted Parquet file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"\xff\xff\xff\xff\x10\x00\x00\x00", "an Arrow stream"),
    (4, b"TFL3", "a model file"),
    (0, b"$FL2@(#)", "an SPSS data file"),
    (0, b"<stata_dta>", "a Stata data file"),
    (0, b"\x00" * 12 + b"\xc2\xea\x81\x60", "a SAS data file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"ORC", "an ORC file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (also Keras models)"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"GGUF", "a model file"),
    *((0, start + version + b"\n", "an R data file") for start in (b"RDX", b"RDA", b"RDB") for version in (b"2", b"3")),
    (0, b"\x80\x02", "a pickle"),
    (0, b"\x80\x03", "a pickle"),
    (0, b"\x80\x04", "a pickle"),
    (0, b"\x80\x05", "a pickle"),
    (0, b"\x7fELF", "an executable"),
    (0, b"MZ", "an executable"),
    (0, b"\xca\xfe\xba\xbe", "an executable"),
    (0, b"\xcf\xfa\xed\xfe", "an executable"),
    (0, b"\x00asm", "an executable"),
    (0, b"#!", "a script"),
    (0, b"# v2 git bundle", "a git bundle"),
    (0, b"# v3 git bundle", "a git bundle"),
    (0, b"PACK\x00\x00", "a git pack"),
    (0, b"GIF87a", "a GIF picture"),
    (0, b"GIF89a", "a GIF picture"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (4, b"ftyp", "a video or HEIC picture"),
    (0, b"%!PS", "a PostScript program"),
    (0, b"{\\rtf", "a rich text document"),
)
#: Signatures of printable characters: text that only happens to begin so ("ORC yield per acre") is text.
PRINTABLE = frozenset({b"MZ", b"BZh", b"PAR1", b"PARE", b"ORC", b"TFL3", b"DUCK", b"ARROW1", b"FEA1", b"GGUF", b"ftyp"})

#: The same for programs' own text formats, by how they begin.
FORBIDDEN_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"A\r?\n[23]\r?\n\d+\r?\n\d+\r?\n"), "an R data file"),
    (re.compile(r"\s*structure\(list\("), "an R data file"),
    (re.compile(r"begin(?:-base64)? [0-7]{3,4} \S"), "a file encoded as text"),
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----"), "a key, certificate or encrypted message"),
    (re.compile(r"tree\r?\nversion=v\d|booster\[0\]:|svm_type \w+\r?\nkernel_type "), "a model file"),
    (re.compile(r"(?i)(?:\s|--[^\n]*\n)*+(?:insert\s+into|copy\s+[\w.\"]+\s*\(|create\s+table)\s"), "a database dump"),
)
