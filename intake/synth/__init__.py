"""The synthetic region: people who never lived, their diseases, and what six feeds would deliver of them.

`codes.csv` lists every code in use (vocabulary, code as delivered, meaning, kind, unit of a measurement);
`canaries.csv` the codes that only planted opted-out people carry, one for each feed and kind of opt-out.
"""
