"""Loops over arrays that features are made of; each tells which bars a value may see."""
