"""Every error has an exit code."""

import quantmill.errors
from quantmill.cli.exit_codes import EXIT_CODES
from quantmill.errors import QuantmillError

# 0 done, 1 failed, 2 usage, 3 no data, 4 configuration or credentials, 130 interrupted.
FAILURES = {1, 2, 3, 4, 130}


def test_every_error_type_is_mapped() -> None:
    types = {
        value
        for value in vars(quantmill.errors).values()
        if isinstance(value, type) and issubclass(value, QuantmillError)
    }

    assert {kind.__name__ for kind in types - set(EXIT_CODES)} == set()


def test_exit_codes_are_the_documented_ones() -> None:
    assert set(EXIT_CODES.values()) <= FAILURES
