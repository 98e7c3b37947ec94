"""Local servers that answer as the providers do, with faults on request."""
