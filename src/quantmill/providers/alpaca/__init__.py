"""Alpaca as a source of market data."""
