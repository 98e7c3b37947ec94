"""REST: every verb of the registry under `/api`, work as jobs, errors as problem documents."""
