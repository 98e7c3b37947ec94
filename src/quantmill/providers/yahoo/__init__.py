"""Yahoo: the last 30 days of minutes, best effort."""
