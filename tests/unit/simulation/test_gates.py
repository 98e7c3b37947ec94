"""Gates: how they are written, and what they do to a signal, worked by hand and by a plain loop."""

from dataclasses import replace

import numpy as np
import pytest

from quantmill.core.arrays import Floats
from quantmill.errors import NoDataError, UsageError
from quantmill.features.registry import FEATURES
from quantmill.simulation.fills import Costs
from quantmill.simulation.gates import (
    NO_GATES,
    REGIME_STATES,
    FeatureGate,
    GateColumn,
    Gates,
    RegimeGate,
    parse_feature_gates,
    parse_gates,
    parse_regimes,
)
from quantmill.simulation.market import Market
from quantmill.simulation.signal import Filters, SignalSource, check_gates, gated, prepare_stream
from quantmill.simulation.trial import TrialSetup, run_trial
from tests.synthetic_sessions import bars_of_closes

NAN = float("nan")
INF = float("inf")
FREE = Costs(fill="close", half_spread_bps=0.0, half_spread_min_usd=0.0, fee_usd=0.0)


def source_of(closes: list[float], prediction: list[float], **columns: list[float]) -> SignalSource:
    market = Market.of("SPY", bars_of_closes([closes]))
    n_bars = len(closes)
    values = np.array(prediction)
    realized = np.append(np.diff(np.log(closes)), NAN)
    return SignalSource(
        market=market,
        prediction=values,
        z_score=np.zeros(n_bars),
        volatility_ratio=np.ones(n_bars),
        realized=realized,
        segment_end=np.array([n_bars]),
        auto_thresholds={},
        model_id="m-x",
        model_name="x",
        gate_columns={name: GateColumn(np.array(of), name) for name, of in columns.items()},
    )


def test_a_position_is_closed_outside_a_regime_and_where_it_is_unknown() -> None:
    source = source_of([10.0] * 6, [1.0] * 6, regime_gmm=[0.0, 1.0, 2.0, 3.0, NAN, 0.0])

    stream = prepare_stream(source, Filters(gates=parse_gates("gmm:0,1")))

    np.testing.assert_array_equal(stream.strength, [1.0, 1.0, -INF, -INF, -INF, 1.0])
    assert np.isnan(stream.counted[2:5]).all()
    assert np.isnan(stream.hit[2:5]).all()
    assert (stream.counts["closed_by_gate"], stream.counts["gate_value_missing"]) == (3, 1)


def test_a_bound_vetoes_and_an_exit_closes() -> None:
    source = source_of([10.0] * 4, [1.0] * 4, roc_5=[1.9, 2.0, NAN, -5.0])

    veto = prepare_stream(source, Filters(gates=parse_gates("roc_5<2")))
    closing = prepare_stream(source, Filters(gates=parse_gates("exit roc_5<2")))

    np.testing.assert_array_equal(veto.strength, [1.0, NAN, NAN, 1.0])
    np.testing.assert_array_equal(closing.strength, [1.0, -INF, -INF, 1.0])
    assert (veto.counts["held_by_gate"], veto.counts["closed_by_gate"]) == (2, 0)


def test_all_gates_must_hold_and_closing_wins() -> None:
    source = source_of(
        [10.0] * 4,
        [1.0] * 4,
        regime_vix=[3.0, 3.0, 0.0, 0.0],
        regime_sma=[1.0, 0.0, 1.0, 1.0],
        roc_5=[0.0, 0.0, 0.0, 9.0],
    )

    stream = prepare_stream(source, Filters(gates=parse_gates("vix:0,3+sma:1+roc_5<1")))

    np.testing.assert_array_equal(stream.strength, [1.0, -INF, 1.0, NAN])


def test_the_hit_rate_and_the_trade_by_hand() -> None:
    # Buys at bar 0 for 10, the regime leaves at bar 2: sold at 12. 100,000 / 10 = 10,000 shares × 2 = 20,000.
    # Inside are bars 0, 1, 4; bar 4 has no next return: two bars count, up and up: both right.
    source = source_of(
        [10.0, 11.0, 12.0, 6.0, 6.0], [1.0, 1.0, 1.0, 1.0, -1.0], regime_vix=[3.0, 3.0, 0.0, 0.0, 3.0]
    )

    result = run_trial(
        prepare_stream(source, Filters(gates=parse_gates("vix:3"))), TrialSetup(threshold=0.5, costs=FREE)
    )

    assert result.metrics["final_equity_usd"] == 120_000.0
    assert (result.metrics["n_hit_bars"], result.metrics["hit_rate_frac"]) == (2, 1.0)
    assert result.metrics["n_trades"] == 1
    assert result.position.tolist() == [10_000.0, 10_000.0, 0.0, 0.0, 0.0]


def plain_equity(
    closes: Floats, strength: Floats, regime: Floats, bound: Floats, *, threshold: float
) -> list[float]:
    """The same rules in plain Python: allowed states 1 and 2 or out, no order while the bound is left."""
    cash, shares, equity = 100_000.0, 0.0, []
    for close, e, state, value in zip(closes, strength, regime, bound, strict=True):
        is_allowed = state in (1.0, 2.0)
        is_vetoed = not value < 0.5
        if not is_allowed:
            cash, shares = cash + shares * close, 0.0
        elif not is_vetoed and shares == 0.0 and e > threshold:
            shares = float(cash // close)
            cash -= shares * close
        elif not is_vetoed and shares > 0.0 and e <= -threshold:
            cash, shares = cash + shares * close, 0.0
        equity.append(cash + shares * close)
    return equity


def test_gated_trades_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(4)
    n_bars = 384
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 2e-3, n_bars)))
    prediction = rng.normal(0.0, 1.0, n_bars)
    regime = rng.integers(0, 4, n_bars // 8).repeat(8).astype(np.float64)
    regime[:24] = NAN
    bound = np.where(rng.random(n_bars) < 0.1, NAN, rng.random(n_bars))
    source = source_of(closes.tolist(), prediction.tolist(), regime_gmm=regime.tolist(), roc_5=bound.tolist())

    stream = prepare_stream(source, Filters(gates=parse_gates("gmm:1,2+roc_5<0.5")))
    result = run_trial(stream, TrialSetup(threshold=0.3, costs=FREE))

    expected = plain_equity(source.market.close, prediction, regime, bound, threshold=0.3)
    assert int(result.metrics["n_trades"] or 0) > 10
    np.testing.assert_allclose(result.equity, expected, rtol=1e-12)


def test_gates_added_to_a_prepared_stream_are_those_of_a_stream_prepared_with_them() -> None:
    source = source_of([10.0, 11.0, 12.0], [1.0, -1.0, 2.0], regime_sma=[1.0, 0.0, 1.0])
    gates = parse_gates("sma:1")

    added, whole = (
        gated(prepare_stream(source, Filters()), gates),
        prepare_stream(source, Filters(gates=gates)),
    )

    for name in ("strength", "counted", "hit"):
        np.testing.assert_array_equal(getattr(added, name), getattr(whole, name))
    assert (added.filters, added.counts) == (whole.filters, whole.counts)


def test_a_regime_null_everywhere_is_an_error_that_says_what_it_needs() -> None:
    source = source_of([10.0] * 3, [1.0] * 3, regime_gmm=[NAN] * 3)

    with pytest.raises(NoDataError, match=r"regime gmm has no values .* needs 42 sessions of QQQ"):
        check_gates(source, parse_gates("gmm:3"))
    with pytest.raises(NoDataError, match="feature roc_5 has no values"):
        check_gates(
            replace(source, gate_columns={"roc_5": GateColumn(np.full(3, NAN), "")}), parse_gates("roc_5>0")
        )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["vix:3"], [("regime_vix", (3,))]),
        (["gmm:0", "1"], [("regime_gmm", (0, 1))]),
        (["gmm:1,0,1"], [("regime_gmm", (0, 1))]),
        (["regime_gmm_2:1"], [("regime_gmm_2", (1,))]),
        (["vix:2", "3", "sma:1"], [("regime_vix", (2, 3)), ("regime_sma", (1,))]),
    ],
)
def test_regimes_are_read_as_people_write_them(
    texts: list[str], expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert parse_regimes(texts) == tuple(RegimeGate(*one) for one in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vix_z_score<2", FeatureGate("vix_z_score", upper=2.0)),
        ("roc_5 >= -1.5", FeatureGate("roc_5", lower=-1.5, includes_lower=True)),
        ("-1<=roc_5<1e-3", FeatureGate("roc_5", -1.0, 0.001, includes_lower=True)),
        ("0<roc_5≤.5", FeatureGate("roc_5", 0.0, 0.5, includes_upper=True)),
        ("2<roc_5", FeatureGate("roc_5", lower=2.0)),
    ],
)
def test_bounds_are_read_as_people_write_them(text: str, expected: FeatureGate) -> None:
    (gate,) = parse_feature_gates([text])

    assert gate == expected
    assert parse_feature_gates([gate.bounds]) == (gate,)


def test_edges_belong_to_the_inside_where_the_sign_says_so() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, NAN])

    assert FeatureGate("x", 1.0, 2.0).contains(values).tolist() == [False] * 5
    inclusive = FeatureGate("x", 1.0, 2.0, includes_lower=True, includes_upper=True)
    assert inclusive.contains(values).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("vxi:3", "unknown regime 'vxi'", "vix"),
        ("vix:4", "no state '4'", "0 to 3"),
        ("gmm_2:2", "no state '2'", "0 to 1"),
        ("gmm:", "names no states", "gmm:0,1"),
        ("gmm:calm", "no state 'calm'", "0 to 3"),
        ("gmm:0+gmm:1", "given twice", "gmm:0,1"),
        ("roc_5<1+roc_5<1", "given twice", ""),
        ("roc_5", "cannot be read", "vix_z_score<2"),
        ("roc_5==1", "cannot be read", "bounds"),
        ("roc_5<one", "cannot be read", "bounds"),
        ("1<roc_5>2", "two lower bounds", ""),
        ("2<roc_5<1", "nothing lies within", ""),
        ("1<roc_5<=1", "nothing lies within", ""),
        ("roc_5<1e999", "too large", ""),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gates(text)

    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_the_same_gates_are_the_same_however_they_are_written() -> None:
    one, other = parse_gates("vix:3,2 + exit roc_5 < 2 + gmm:0"), parse_gates("gmm:0+vix:2,3+exit roc_5<2.0")

    assert one == other
    assert parse_gates(one.text) == one
    assert one.parameters == {
        "regime_col": "regime_gmm;regime_vix",
        "allowed_regimes": "0;2,3",
        "feature_gates": "exit roc_5<2",
    }
    assert NO_GATES.parameters == dict.fromkeys(("regime_col", "allowed_regimes", "feature_gates"))
    assert not NO_GATES
    assert Gates.of().text == "none"


def test_regimes_are_stored_features() -> None:
    assert set(REGIME_STATES) <= {one.name for one in FEATURES.values()}
