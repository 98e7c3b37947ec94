"""Sources of bars behind one protocol, one folder each."""
