"""The digest of everything that a symbol's features are made of."""

from collections.abc import Sequence

from quantmill.core.digest import digest
from quantmill.core.version import VERSION
from quantmill.features.context.sources import ContextSources
from quantmill.features.regime_build import context_digest
from quantmill.lake.store import Lake

__all__ = ["input_digest"]


def input_digest(
    lake: Lake,
    symbol: str,
    sources: ContextSources | None,
    *,
    hours: str,
    snapshot: int,
    source_sha256: Sequence[str],
    package_version: str = VERSION,
) -> str:
    """Digest of a build's inputs: bars, splits and dividends, hours, context, and the code.

    Args:
        lake: Where bars and actions are.
        symbol: A canonical symbol.
        sources: What is seen beside the bars, None for features without context.
        hours: Which bars the features are made of.
        snapshot: Snapshot of the lake that is read.
        source_sha256: Digests of the columns' source texts, in their order.
        package_version: Version of the package that computes.

    Raises:
        NotFoundError: If the snapshot is unknown.
    """
    parts = [lake.input_digest(name, keys=[symbol], as_of=snapshot) for name in ("bars", "corporate_actions")]
    context = (
        None
        if sources is None
        else context_digest(lake, sources, as_of=snapshot, package_version=package_version)
    )
    return digest(*parts, context, hours, package_version, list(source_sha256))
