"""How the intake writes its own Parquet files: packed well for what they hold, at the least work.

Record numbers and days are told from the one before (the newer encodings of version 2), which packs them better than a
dictionary of thousands of values and costs less than making one; texts of few values keep theirs. Nobody looks one
value up in these files, so they carry no Bloom filters.
"""

from __future__ import annotations

MOST_IN_DICTIONARY = 1_000
PARQUET = f"FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT {MOST_IN_DICTIONARY}, WRITE_BLOOM_FILTER false"
