"""Cuts a project's extract out of a source: its people, its rows, its columns, under its pseudonyms."""
