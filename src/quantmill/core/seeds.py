"""One seed for a whole run, and one of its own for each consumer."""

from quantmill.core.digest import digest

__all__ = ["derive_seed"]


def derive_seed(seed: int, purpose: str, *key: object, bits: int = 64) -> int:
    """A seed for one consumer, independent of all others drawn from the same `seed`.

    Args:
        seed: The run's seed.
        purpose: What the random numbers are for.
        key: Whatever tells this consumer from others of the same purpose.
        bits: Size of the result; 31 or 32 for libraries that take no more.

    Returns:
        An integer in [0, 2**bits), the same on every machine.
    """
    return int(digest(seed, purpose, list(key)), 16) % (1 << bits)
