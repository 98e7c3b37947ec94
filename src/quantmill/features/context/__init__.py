"""What features may see beside a symbol's own bars: which source is chosen, and how it is joined."""
