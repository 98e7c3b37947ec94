"""Durable jobs: a lease table, and a runner in this process."""
