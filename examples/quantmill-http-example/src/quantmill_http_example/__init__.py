"""A provider of bars of your own, as a package."""
