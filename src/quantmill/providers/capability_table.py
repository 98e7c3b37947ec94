"""What each provider can deliver, and whether it can be used with the settings at hand; nothing is asked."""

from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from pydantic import SecretStr

from quantmill.config.settings import Settings
from quantmill.core.clock import Clock
from quantmill.errors import QuantmillError
from quantmill.providers.access import Access
from quantmill.providers.protocol import BarProvider
from quantmill.providers.registry import make_provider, provider_names

__all__ = ["CAPABILITY_SCHEMA", "capability_table"]

CAPABILITY_SCHEMA: Final[dict[str, pl.DataType]] = {
    "provider": pl.String(),
    "feed": pl.String(),
    "grade": pl.String(),
    "asset_classes": pl.List(pl.String()),
    "earliest": pl.Date(),
    "latest": pl.Date(),
    "has_live": pl.Boolean(),
    "adjustments": pl.List(pl.String()),
    "needs": pl.List(pl.String()),
    "usable": pl.Boolean(),
    "reason": pl.String(),
}


@dataclass(frozen=True)
class _Describing(Access):
    """An access whose providers can be looked at without credentials; it notes which ones they ask for."""

    asked: list[str] = field(default_factory=list[str])

    def secret(self, value: SecretStr | None, provider: str, variables: str) -> str:
        """The credential, or a text in its place."""
        self.asked.extend(name for name in variables.replace(",", " ").split() if name.isupper())
        return "unset" if value is None else value.get_secret_value()


def capability_table(settings: Settings, clock: Clock) -> pl.DataFrame:
    """One row of `CAPABILITY_SCHEMA` per provider, by name.

    A provider without credentials is described all the same; one that cannot be made at all, such as that of
    a package that does not load, has only its name and the `reason`. `earliest` is as of now where it moves.

    Args:
        settings: Credentials, feeds, addresses.
        clock: Tells the present.
    """
    rows = [_row(name, settings, clock) for name in provider_names()]
    return pl.DataFrame(rows, schema=CAPABILITY_SCHEMA)


def _row(name: str, settings: Settings, clock: Clock) -> dict[str, Any]:
    refusal = _made(name, access := Access(settings, clock=clock))
    access.close()
    described = _made(name, describing := _Describing(settings, clock=clock))
    describing.close()
    row: dict[str, Any] = {
        "provider": name,
        "needs": list(dict.fromkeys(describing.asked)),
        "usable": not isinstance(refusal, str),
        "reason": refusal if isinstance(refusal, str) else None,
    }
    if isinstance(described, str):
        return row
    capability = described.capability
    return row | {
        "feed": described.feed,
        "grade": capability.grade,
        "asset_classes": sorted(capability.asset_classes),
        "earliest": capability.earliest,
        "latest": capability.latest,
        "has_live": capability.has_live,
        "adjustments": sorted(capability.adjustments),
    }


def _made(name: str, access: Access) -> BarProvider | str:
    """The provider, or why there is none."""
    try:
        return make_provider(name, access)
    except QuantmillError as error:
        return f"{error}; {error.hint}" if error.hint else str(error)
    except Exception as error:  # noqa: BLE001 - code of another package; one that is broken must not hide the rest
        return f"{type(error).__name__}: {error}"
