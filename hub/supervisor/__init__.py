"""Starts the gateway's processes, watches them, and stops all of them together."""
