"""One HTTP client for all providers: time-outs, shared limits, retries, redaction."""
