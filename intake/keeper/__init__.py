"""The keeper: what must be done about the data without anybody asking, night after night.

`python -m intake.keeper` is the supervised process: it holds nothing, knows no key and weighs ten MiB; whatever there
is to do is done by a round, a process of its own that ends. Nothing is imported here for that reason.
"""
