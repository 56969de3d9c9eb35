"""The only door out: checks, airlock state machine, release, checker's pages."""
