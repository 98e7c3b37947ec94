"""Bars from files of other programs."""
