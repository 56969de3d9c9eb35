"""Command-line fronts of the intake, one file a command."""
