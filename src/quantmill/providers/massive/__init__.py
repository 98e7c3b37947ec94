"""Massive as a source of market data."""
