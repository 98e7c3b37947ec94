"""Values of the field: bars, intervals, spans, sessions, symbols, digests, seeds, progress."""
