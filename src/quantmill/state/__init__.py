"""The relational state: catalogue, jobs, registry and ledgers in SQLite or PostgreSQL."""
