"""Command-line front of the register."""
