"""Alpaca: US equities by minute, corporate actions, calendar, news."""
