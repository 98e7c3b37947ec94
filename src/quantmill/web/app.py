"""The server for `uvicorn quantmill.web.app:app`; its home is QUANTMILL_HOME, else ./data."""

import os

from quantmill.web.application import create_app

__all__ = ["app"]

app = create_app(os.environ.get("QUANTMILL_HOME") or "./data")
