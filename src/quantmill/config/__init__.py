"""Settings and the places of a home."""
