"""The version of this package, part of every result's recipe."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
