"""Lets `python -m quantmill.cli` be the command where no script is installed."""

import sys

from quantmill.cli.main import main

sys.exit(main())
