"""The command `quantmill`: parses a verb's request, runs it, shows its result."""
