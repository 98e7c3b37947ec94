"""Looking after a home: what is kept for how long, what it takes on disk, and the machine under it."""
