"""The only door to data: policy, rewriting, protection, locked engine, service."""
