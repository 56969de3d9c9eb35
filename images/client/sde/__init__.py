"""The researcher's client."""
