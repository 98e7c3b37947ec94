"""SOURCE: em2015. Grids and single runs on real minutes, with their halts, half days and absent predictions."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantmill.simulation.fill_models import FILL_MODELS
from quantmill.simulation.fills import Costs, execution_of
from quantmill.simulation.many_trials import GridWorkspace, run_trials
from quantmill.simulation.signal import Stream
from quantmill.simulation.thresholds import thresholds_by_segment
from quantmill.simulation.trial import TrialSetup, Workspace, run_trial
from tests.signal_streams import real_bars, reversal_stream

# DIA lacks minutes in every third session; five of FB's have a tenth of their bars.
SYMBOLS = ("SPY", "FB", "DIA")


@cache
def streams(folder: Path) -> Mapping[str, Stream]:
    path = folder / "bars" / "em2015_1m.parquet"
    return {symbol: reversal_stream(real_bars(path, symbol)) for symbol in SYMBOLS}


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_grid_has_the_figures_of_each_trial_to_the_last_bit(real_data: Path, data: st.DataObject) -> None:
    stream = streams(real_data)[data.draw(st.sampled_from(SYMBOLS))]
    costs = Costs(
        fill=data.draw(st.sampled_from(sorted(FILL_MODELS))),
        half_spread_bps=data.draw(st.sampled_from((0.0, 0.5, 5.0))),
        fee_per_share_usd=data.draw(st.sampled_from((0.0, 0.005))),
        regulatory_fees=data.draw(st.booleans()),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    silent = rng.random(stream.strength.size) < data.draw(st.sampled_from((0.0, 0.2, 0.99)))
    closed = rng.random(stream.strength.size) < data.draw(st.sampled_from((0.0, 0.01)))
    strength = np.where(closed, -np.inf, np.where(silent, np.nan, stream.strength))
    stream = replace(stream, strength=strength)
    market = stream.source.market
    thresholds = [0.0, *np.nanpercentile(np.abs(stream.counted), [5, 50, 90, 99.9]).tolist()]
    execution = execution_of(market, costs)
    cash = data.draw(st.sampled_from((500.0, 1e5)))

    many = run_trials(
        stream, execution, thresholds_by_segment(stream, thresholds), cash, GridWorkspace.of(market)
    )

    workspace = Workspace.of(market)
    for row, threshold in zip(many, thresholds, strict=True):
        alone = run_trial(
            stream, TrialSetup(threshold, costs, cash), execution=execution, workspace=workspace
        )
        assert row.tobytes() == alone.figures.tobytes()


def test_the_real_bars_have_what_they_are_here_for(real_data: Path) -> None:
    n_bars = {
        symbol: np.diff(stream.source.market.session_end, prepend=0)
        for symbol, stream in streams(real_data).items()
    }

    # 2014-11-28 and 2014-12-24 end at 13:00.
    assert [(n.size, int((n == 210).sum())) for n in n_bars.values()] == [(153, 2), (153, 2), (153, 1)]
    assert (n_bars["FB"] == 39).sum() == 5
    assert (n_bars["DIA"] < 390).sum() == 49
    assert all(np.isnan(stream.strength).any() for stream in streams(real_data).values())
