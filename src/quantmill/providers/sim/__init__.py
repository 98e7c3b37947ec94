"""A deterministic synthetic market."""
