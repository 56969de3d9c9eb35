"""The researcher's client: ask the query guard, hand results to the airlock.

    import sde
    sde.tables()                      what you may query
    sde.describe("person")            the columns of one table
    sde.sql("SELECT ...")             a protected answer: a pandas DataFrame (.to_arrow(), .to_polars())
    sde.sql("... > :year", {"year": 1950}, dialect="tsql")   with parameters, in SQL Server's SQL
    %%sde                             the same as a cell magic (load it with %load_ext sde)
    sde.budget()                      how many numbers you may still be told today
    sde.check("results")              what the airlock would say of a file, of several, or of a folder
    sde.submit(["table.csv"], context="...", controls="...")   ask to take files out
    sde.submit_session("outputs")     draft a request from a folder that ACRO wrote

Who you are and which project you work in come from the workspace itself; there is nothing to configure.
"""

from sde.airlock import requests, submit, submit_session
from sde.answers import Answer
from sde.checking import Checked, check
from sde.errors import Refused, ServiceUnavailable
from sde.guard import describe, project, sql, tables
from sde.magic import load_ipython_extension
from sde.release_budget import Budget, budget

__all__ = [
    "Answer",
    "Budget",
    "Checked",
    "Refused",
    "ServiceUnavailable",
    "budget",
    "check",
    "describe",
    "load_ipython_extension",
    "project",
    "requests",
    "sql",
    "submit",
    "submit_session",
    "tables",
]
