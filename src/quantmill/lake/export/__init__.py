"""Copies of the lake for other programs: one module per format."""
