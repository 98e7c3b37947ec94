"""Outputs of every feature revision on a fixed sample, kept to notice when code changes what it computes.

`python -m tests.golden.feature_samples` adds entries for new features and new revisions; it never
changes an entry, so a changed output needs a new revision in its declaration.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from quantmill.core.bars import BarArrays
from quantmill.features.compute import compute_feature
from quantmill.features.declaration import Feature
from quantmill.features.market import Market
from quantmill.features.registry import FEATURES
from quantmill.features.sample import sample_bars, sample_market

PATH = Path(__file__).with_suffix(".json")
SOURCE = "quantmill's own output on features.sample.sample_bars(0) beside sample_market(0): a guard of change, not of truth"
KEPT_BARS = [*range(0, 80, 8), *range(199, 3200, 157)]


def key_of(feature: Feature) -> str:
    return f"{feature.name}@{feature.revision}"


def entry_of(feature: Feature, bars: BarArrays, market: Market) -> dict[str, Any]:
    values = compute_feature(feature, bars, market)
    kept = values[KEPT_BARS].astype(np.float32)
    return {
        "parameters": dict(feature.parameters),
        "dtype": feature.dtype,
        "n_null": int(np.count_nonzero(np.isnan(values))),
        "total": float(np.float32(np.nansum(np.abs(values)))),
        "values": [None if np.isnan(value) else float(f"{value:.7g}") for value in kept],
    }


def read_entries() -> dict[str, dict[str, Any]]:
    return json.loads(PATH.read_text(encoding="utf-8"))["features"] if PATH.exists() else {}


def add_entries() -> None:
    bars, market = sample_bars(), sample_market()
    entries = {key_of(one): entry_of(one, bars, market) for one in FEATURES.values()} | read_entries()
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(entries[key])}" for key in sorted(entries))
    text = f'{{\n "SOURCE": {json.dumps(SOURCE)},\n "features": {{\n{lines}\n }}\n}}\n'
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    add_entries()
