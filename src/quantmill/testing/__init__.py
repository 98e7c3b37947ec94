"""Fixtures and contract suites for tests, of quantmill itself and of packages that extend it."""
