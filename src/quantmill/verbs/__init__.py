"""Use cases, one file each: a request, whether it only reads, and `run`."""
