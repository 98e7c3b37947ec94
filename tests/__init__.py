"""Tests of quantmill; they run from the repository folder."""
