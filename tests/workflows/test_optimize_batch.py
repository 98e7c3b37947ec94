"""A whole grid on a small synthetic home: every trial once, counted, ranked, resumable after a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select

from quantmill.core.arrays import Floats
from quantmill.core.progress import NO_PROGRESS, Progress
from quantmill.errors import (
    ConflictError,
    JobCancelledError,
    JobError,
    NoDataError,
    NotFoundError,
    SimulationError,
    UsageError,
)
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.chain import Chain
from quantmill.models.registry import delete_models, find_model, list_models
from quantmill.optimize.batch import BatchReport, resume_batch, run_batch
from quantmill.optimize.batch_setup import BatchSetup
from quantmill.optimize.batches import list_batches
from quantmill.optimize.chunks import Batch, get_batch
from quantmill.optimize.estimate import Estimate, estimate_batch
from quantmill.optimize.leaderboard import leaderboard
from quantmill.optimize.ledger import count_trials, evidence_of, record_trial
from quantmill.optimize.past_chunks import past_cost
from quantmill.optimize.pausing import pause_batch, status_for_people
from quantmill.optimize.sampling import Sample, SampledSpace
from quantmill.optimize.space import ParameterSpace
from quantmill.optimize.trial_bands import BAND_SCHEMA, with_bands
from quantmill.optimize.trial_space import TrialSpace
from quantmill.providers.sim.provider import SimProvider
from quantmill.simulation.fills import Execution
from quantmill.simulation.many_trials import GridWorkspace
from quantmill.simulation.metrics import METRIC_NAMES
from quantmill.simulation.rules import Rules
from quantmill.simulation.run import simulate
from quantmill.simulation.signal import Filters, Stream
from quantmill.simulation.source import Sessions, model_source
from quantmill.simulation.trial import TrialSetup
from quantmill.state.tables.optimize import TRIAL_LEDGER
from tests.databases import Databases, Place
from tests.proofs.market_line import MODELS, MarketHome, fill_home, open_home

SYMBOLS = ("SPY", "AAPL")
N_TRIALS = 2 * 2 * 16


@pytest.fixture(scope="module")
def filled(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Place]:
    """A home with bars, features and models, and its database, made once; tests work on copies."""
    root = tmp_path_factory.mktemp("filled")
    place = databases.fresh(root)
    home = open_home(root, place=place)
    fill_home(home, SimProvider(seed=3), symbols=SYMBOLS, n_sessions=70)
    home.state.close()
    return root, place


@pytest.fixture
def copied(filled: tuple[Path, Place], databases: Databases, tmp_path: Path) -> Iterator[tuple[Path, Place]]:
    root, place = filled
    with databases.dropping():
        copied = databases.copy(place, tmp_path / "home")
        shutil.copytree(root, tmp_path / "home", dirs_exist_ok=True)
        yield tmp_path / "home", copied


@pytest.fixture
def home(copied: tuple[Path, Place]) -> Iterator[MarketHome]:
    root, place = copied
    opened = open_home(root, place=place)
    yield opened
    opened.state.close()


def stored_trials(home: MarketHome, batch_id: str) -> pl.DataFrame:
    return home.lake.scan("trials", keys=[batch_id]).collect().sort("trial")


def test_a_grid_keeps_every_trial_and_ranks_them(home: MarketHome) -> None:
    report = run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], SYMBOLS)
    board = leaderboard(home.lake, home.state)

    assert (report.n_trials, report.n_completed, report.n_failed) == (N_TRIALS, N_TRIALS, 0)
    assert report.note.startswith("8 of 9 gates left out: regime_gmm and regime_vix have no values"), "no QQQ"
    assert report.batch_id.startswith("opt_20240102_120000_")
    assert stored_trials(home, report.batch_id)["trial"].to_list() == list(range(N_TRIALS))
    assert sorted(board["trial"].to_list()) == list(range(N_TRIALS))
    assert set(board["n_trials"]) == {N_TRIALS}
    assert set(board["n_trials_symbol"]) == {N_TRIALS // 2}
    assert board["is_synthetic"].all()
    probability = board["deflated_sharpe_probability"].drop_nulls().to_list()
    assert probability == sorted(probability, reverse=True)


def test_a_trial_run_alone_has_the_figures_of_its_row_to_the_last_bit(home: MarketHome) -> None:
    run_batch(home.lake, home.state, home.queue, ["reversion"], ["AAPL"])
    row = leaderboard(home.lake, home.state, sort="n_trades").row(0, named=True)
    source = model_source(home.lake, find_model(home.state, row["model_id"]))

    alone = simulate(
        home.lake,
        home.queue,
        source,
        filters=Filters(row["z_score_check"], row["volatility_normalization"]),
        setup=TrialSetup(row["threshold_rule"]),
    )

    assert {name: row[name] for name in METRIC_NAMES} == alone.run.metrics
    assert row["run_id"] == alone.run.run_id
    assert row["n_trades"] > 0


def test_the_same_batch_again_repeats_nothing_and_force_makes_another(home: MarketHome) -> None:
    first = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])
    snapshot = home.lake.snapshot()

    again = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])
    assert (again.batch_id, again.n_completed, again.n_resumed) == (first.batch_id, 16, 16)
    assert home.lake.snapshot() == snapshot

    forced = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"], force=True)
    assert forced.batch_id != first.batch_id
    assert leaderboard(home.lake, home.state, first.batch_id)["n_trials"].to_list() == [16] * 16


def test_the_ledger_counts_other_grids_and_single_runs_on_shared_sessions(home: MarketHome) -> None:
    run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])
    # Sixteen new ones; of the sixteen configurations p50 … p97, the four without filters are there already.
    space = ParameterSpace.parse(
        {
            "threshold": [0.0001, 0.0002, 0.0003, "p90"],
            "z_score_check": False,
            "volatility_normalization": False,
        }
    )
    run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"], space)
    source = model_source(home.lake, find_model(home.state, "trend", "SPY"))
    with home.state.write() as connection:
        record_trial(connection, source, Filters(), TrialSetup(0.0042), recorded_us=0)
        record_trial(connection, source, Filters(), TrialSetup(0.0001), recorded_us=0)

    board = leaderboard(home.lake, home.state)

    # 16 of the first grid, 3 of the second (p90 without filters is in both), 1 single run.
    assert board["n_trials"].to_list() == [20] * 4


def test_a_single_run_on_a_few_of_the_sessions_counts_too(home: MarketHome) -> None:
    model = find_model(home.state, "trend", "SPY")
    whole = model_source(home.lake, model)
    sessions = whole.market.session
    middle = home.lake.sessions("SPY").filter(
        pl.col("session").dt.epoch("d") > int(sessions[sessions.size // 2])
    )
    part = model_source(home.lake, model, sessions=Sessions(start=middle["session"][0]))
    with home.state.write() as connection:
        record_trial(connection, part, Filters(), TrialSetup("p50"), recorded_us=0)

    with home.state.read() as connection:
        assert count_trials(connection, [evidence_of(whole)]) == 1


def test_bands_are_those_of_the_same_trials_run_alone(home: MarketHome) -> None:
    run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], ["SPY"])
    rows = leaderboard(home.lake, home.state, sort="n_trades", limit=3)

    banded = with_bands(home.lake, home.state, rows)

    assert banded.drop(BAND_SCHEMA).equals(rows)
    for row in banded.iter_rows(named=True):
        source = model_source(home.lake, find_model(home.state, row["model_id"]))
        filters = Filters(row["z_score_check"], row["volatility_normalization"])
        run = simulate(
            home.lake, home.queue, source, filters=filters, setup=TrialSetup(row["threshold_rule"])
        ).run
        assert run.run_id == row["run_id"]
        assert run.band is not None
        returns = {fill: figures["total_return_frac"] for fill, figures in run.band.items()}
        assert row["lowest_return_frac"] == min(returns.values()) == returns[row["lowest_fill"]]
        assert row["highest_return_frac"] == max(returns.values()) == returns[row["highest_fill"]]
        assert row["lowest_return_frac"] < row["highest_return_frac"]


def test_bands_of_bars_that_changed_are_refused(home: MarketHome) -> None:
    run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])
    rows = leaderboard(home.lake, home.state, limit=3)
    first, end = date(2023, 4, 17), date(2023, 4, 25)
    ingest_symbols(home.lake, Chain((SimProvider(seed=3),)), ["SPY"], first, end)

    with pytest.raises(ConflictError, match="bars changed since batch"):
        with_bands(home.lake, home.state, rows)


def test_failing_trials_of_one_signal_take_no_others_along(
    home: MarketHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantmill.optimize import sweep

    real = sweep.run_trials

    def breaks_on_one_signal(
        stream: Stream, execution: Execution, thresholds: Floats, cash: float, workspace: GridWorkspace
    ) -> Floats:
        if stream.filters == Filters(z_score_check=True):
            raise RuntimeError("broken on purpose")
        return real(stream, execution, thresholds, cash, workspace)

    monkeypatch.setattr(sweep, "run_trials", breaks_on_one_signal)

    report = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])
    board = leaderboard(home.lake, home.state)

    assert (report.n_completed, report.n_failed) == (12, 4)
    assert board["status"].to_list() == ["completed"] * 12 + ["failed"] * 4
    assert set(board["error"].drop_nulls()) == {"RuntimeError: broken on purpose"}
    assert set(board["n_trials"]) == {16}


def test_a_model_whose_predictions_are_gone_fails_its_own_trials_alone(
    home: MarketHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantmill.errors import DataError
    from quantmill.optimize import batch_runner

    real = batch_runner.model_source

    def gone_for_trend(lake: object, model: object) -> object:
        if getattr(model, "name", "") == "trend":
            raise DataError("no predictions")
        return real(lake, model)  # type: ignore[arg-type] - passed through

    monkeypatch.setattr(batch_runner, "model_source", gone_for_trend)

    report = run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], ["SPY"])

    assert (report.n_completed, report.n_failed) == (16, 16)


@pytest.mark.parametrize(
    ("models", "symbols", "message"),
    [
        ([], [], "at least one model"),
        (["trend", "trend"], [], "named twice"),
        (["trend"], ["SPY", "SPY"], "named twice"),
        (["trend"], ["QQQ"], "'trend' is trained on"),
    ],
)
def test_models_and_symbols_that_do_not_fit_are_refused(
    home: MarketHome, models: list[str], symbols: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run_batch(home.lake, home.state, home.queue, models, symbols)


def test_a_model_given_by_id_keeps_to_its_own_symbol(home: MarketHome) -> None:
    spy = find_model(home.state, "trend", "SPY")

    with pytest.raises(UsageError, match=f"{spy.id}.*trained on SPY"):
        run_batch(home.lake, home.state, home.queue, [spy.id], ["AAPL"])
    with pytest.raises(UsageError, match="none of the models"):
        run_batch(home.lake, home.state, home.queue, [spy.id], ["SPY", "AAPL"])

    assert run_batch(home.lake, home.state, home.queue, [spy.id]).symbols == ("SPY",)


def test_unknown_models_and_batches_are_named(home: MarketHome) -> None:
    with pytest.raises(NotFoundError, match="nonsense"):
        run_batch(home.lake, home.state, home.queue, ["nonsense"])
    with pytest.raises(NotFoundError, match="opt_nonsense"):
        leaderboard(home.lake, home.state, "opt_nonsense")
    with pytest.raises(NoDataError, match="no trials yet"):
        leaderboard(home.lake, home.state)


KILLED = """
import sys
from pathlib import Path
from quantmill.optimize.batch import run_batch
from tests.databases import Databases, Place
from tests.proofs.market_line import open_home

home = open_home(Path(sys.argv[1]), place=sys.argv[2])
print("ready", flush=True)
run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], ["SPY", "AAPL"], chunk_trials=2)
print("done", flush=True)
"""


def test_a_batch_killed_in_the_middle_has_every_trial_exactly_once_after_running_again(
    home: MarketHome, copied: tuple[Path, Place]
) -> None:
    n_killed = 0
    for kill_after in (3, 12):
        worker = subprocess.Popen(
            [sys.executable, "-c", KILLED, *map(str, copied)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 120
        while worker.poll() is None and n_done(home) < kill_after and time.monotonic() < deadline:
            time.sleep(0.005)
        worker.send_signal(signal.SIGKILL)
        n_killed += "done" not in worker.communicate()[0]
    half_done = n_done(home)

    report = run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], SYMBOLS, chunk_trials=2)

    assert n_killed == 2
    assert 12 <= half_done < N_TRIALS // 2
    assert report.n_resumed == 2 * half_done
    assert (report.n_completed, report.n_failed) == (N_TRIALS, 0)
    assert stored_trials(home, report.batch_id)["trial"].to_list() == list(range(N_TRIALS))
    assert home.lake.verify().ok
    assert set(leaderboard(home.lake, home.state)["n_trials"]) == {N_TRIALS}


def n_done(home: MarketHome) -> int:
    """Chunks published so far."""
    return len(home.lake.files("trials"))


class Watching:
    """Progress that does something when the batch begins, or when its first trials are done."""

    def __init__(
        self, *, at_start: Callable[[], object] | None = None, at_work: Callable[[], object] | None = None
    ) -> None:
        self._at_start, self._at_work = at_start, at_work

    def start(self, task: str, total: int) -> None:
        if self._at_start is not None:
            self._at_start()

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        if note and self._at_work is not None:
            act, self._at_work = self._at_work, None
            act()

    def say(self, message: str) -> None:
        pass


def newest(home: MarketHome) -> Batch:
    with home.state.read() as connection:
        return get_batch(connection, list_batches(home.state)["batch_id"][-1])


def pause(home: MarketHome) -> Batch:
    return pause_batch(home.state, home.queue, newest(home).id)


def run_trend(
    home: MarketHome, progress: Progress = NO_PROGRESS, *, space: TrialSpace | None = None
) -> BatchReport:
    return run_batch(
        home.lake, home.state, home.queue, ["trend"], ["SPY"], space, chunk_trials=4, progress=progress
    )


def resume(home: MarketHome, batch_id: str) -> BatchReport:
    return resume_batch(home.lake, home.state, home.queue, batch_id)


def test_a_pause_stops_after_the_chunk_in_work_and_the_batch_goes_on(home: MarketHome) -> None:
    asked: list[str] = []

    with pytest.raises(JobCancelledError, match="is paused: 4 of 16 trials are stored") as stopped:
        run_trend(home, Watching(at_work=lambda: asked.append(pause(home).status)))

    batch = newest(home)
    assert (asked, batch.status) == (["pausing"], "paused")
    assert stopped.value.hint == f"`quantmill optimize resume {batch.id}` goes on"
    assert pause(home).status == "paused", "twice is once"
    assert stored_trials(home, batch.id)["trial"].to_list() == [0, 1, 2, 3]

    report = resume(home, batch.id)

    assert (report.n_resumed, report.n_completed) == (4, 16)
    assert stored_trials(home, batch.id)["trial"].to_list() == list(range(16))
    assert pause(home).status == "completed", "there is nothing to pause"
    assert resume(home, batch.id).note.startswith("this batch was run before")


def test_the_same_request_goes_on_with_a_paused_batch(home: MarketHome) -> None:
    with pytest.raises(JobCancelledError):
        run_trend(home, Watching(at_work=lambda: pause(home)))

    report = run_trend(home)

    assert (report.batch_id, report.n_resumed, report.n_completed) == (newest(home).id, 4, 16)
    assert newest(home).status == "completed"


def test_a_pause_before_the_first_chunk_is_heeded(home: MarketHome) -> None:
    with pytest.raises(JobCancelledError, match="0 of 16"):
        run_trend(home, Watching(at_start=lambda: pause(home)))

    assert newest(home).status == "paused"


def test_who_asks_for_a_batch_at_work_is_refused_and_the_pause_stands(home: MarketHome) -> None:
    def pause_then_ask() -> None:
        pause(home)
        with pytest.raises(JobError, match="is being done by"):
            resume(home, newest(home).id)

    with pytest.raises(JobCancelledError, match="is paused"):
        run_trend(home, Watching(at_work=pause_then_ask))

    assert newest(home).status == "paused"


def test_a_batch_that_nobody_works_on_is_interrupted_and_paused_at_once(home: MarketHome) -> None:
    def breaks() -> None:
        raise RuntimeError("the process stumbles")

    with pytest.raises(RuntimeError):
        run_trend(home, Watching(at_work=breaks))
    batch = newest(home)

    assert (batch.status, status_for_people(home.queue, batch.id, batch.status)) == ("running", "interrupted")
    assert pause(home).status == "paused"
    assert resume(home, batch.id).n_completed == 16


def test_a_pause_of_the_last_chunk_finds_the_batch_completed(home: MarketHome) -> None:
    report = run_batch(
        home.lake, home.state, home.queue, ["trend"], ["SPY"], progress=Watching(at_work=lambda: pause(home))
    )

    assert report.n_completed == 16
    assert newest(home).status == "completed"


def test_a_batch_whose_bars_changed_is_not_gone_on_with(home: MarketHome) -> None:
    with pytest.raises(JobCancelledError):
        run_trend(home, Watching(at_work=lambda: pause(home)))
    first, end = date(2023, 4, 17), date(2023, 4, 25)
    ingest_symbols(home.lake, Chain((SimProvider(seed=3),)), ["SPY"], first, end)

    with pytest.raises(ConflictError, match="cannot go on: bars changed since it began"):
        resume(home, newest(home).id)

    assert run_trend(home).n_resumed == 0, "the same request begins a new batch"


def test_a_batch_whose_model_is_gone_is_not_gone_on_with(home: MarketHome) -> None:
    with pytest.raises(JobCancelledError):
        run_trend(home, Watching(at_work=lambda: pause(home)))
    model = find_model(home.state, "trend", "SPY")
    delete_models(home.state, [model.id], deleted_us=0)

    with pytest.raises(NotFoundError, match=f"needs model {model.id} of SPY"):
        resume(home, newest(home).id)
    with pytest.raises(NotFoundError, match="opt_nonsense"):
        pause_batch(home.state, home.queue, "opt_nonsense")


def test_a_sample_runs_and_its_seed_names_the_batch(home: MarketHome) -> None:
    def sample(seed: int, n_trials: int = 10) -> SampledSpace:
        return SampledSpace.parse({"threshold": "log:0.00001..0.001"}, Sample("sobol", n_trials, seed))

    first, again, other = (run_trend(home, space=sample(seed)) for seed in (1, 1, 2))
    stored = stored_trials(home, first.batch_id)

    assert (first.n_completed, again.batch_id, again.n_resumed) == (10, first.batch_id, 10)
    assert other.batch_id != first.batch_id
    usable = sample(1).with_values("gates", ("none",))
    assert stored["threshold"].to_list() == [one["threshold"] for one in usable]
    assert resume(home, first.batch_id).n_completed == 10
    with pytest.raises(UsageError, match=r"17 trials.*have 16 distinct.*8 of 9 gates left out"):
        run_trend(home, space=SampledSpace.parse({}, Sample("random", 17)))


def test_an_estimate_writes_nothing_and_knows_what_is_there(home: MarketHome) -> None:
    def estimate() -> Estimate:
        return estimate_batch(home.lake, home.state, ["trend", "reversion"], SYMBOLS, budget_s=0.1)

    snapshot = home.lake.snapshot()
    before = estimate()

    assert list_batches(home.state).is_empty()
    assert home.lake.snapshot() == snapshot
    with home.state.read() as connection:
        assert connection.execute(select(func.count()).select_from(TRIAL_LEDGER)).scalar_one() == 0
    assert (before.n_trials, before.n_streams, before.batch_id, before.n_done) == (N_TRIALS, 16, None, 0)
    assert before.note.startswith("8 of 9 gates left out")
    assert 0 < before.cpu_s.low < before.cpu_s.high
    assert 0 < before.lake_bytes.low < before.lake_bytes.high
    assert before.memory_bytes > 1e8

    report = run_batch(home.lake, home.state, home.queue, ["trend", "reversion"], SYMBOLS)

    after = estimate()
    assert (after.batch_id, after.status, after.n_done) == (report.batch_id, "completed", N_TRIALS)


def test_an_estimate_of_trials_that_all_fail_says_why(home: MarketHome) -> None:
    space = ParameterSpace.parse({"gates": "vix:0"})

    with pytest.raises(SimulationError, match=r"none of 4 trials of SPY.*regime vix has no values"):
        estimate_batch(home.lake, home.state, ["trend"], ["SPY"], space, budget_s=0.1)


def test_times_of_earlier_chunks_are_used_once_there_are_enough(home: MarketHome) -> None:
    space = ParameterSpace.parse({"threshold": "0.00001:0.001:0.00001", "gates": "none"})

    assert past_cost(home.lake, home.state, chunk_trials=80, has_rules=False) is None
    run_batch(home.lake, home.state, home.queue, list(MODELS), SYMBOLS, space, chunk_trials=80)
    past = past_cost(home.lake, home.state, chunk_trials=80, has_rules=False)

    assert past is not None
    assert (past.n_chunks, past.n_trials) == (20, 1600)
    assert past.low_cpu_s <= past.cpu_s
    # Much larger chunks are another matter, and so are trials whose every bar is visited.
    assert past_cost(home.lake, home.state, chunk_trials=1000, has_rules=False) is None
    assert past_cost(home.lake, home.state, chunk_trials=80, has_rules=True) is None


def test_a_batch_under_rules_is_one_of_its_own_and_goes_on_as_it_was(home: MarketHome) -> None:
    space = ParameterSpace.parse({"threshold": "auto", "gates": "none"})
    setup = BatchSetup(rules=Rules(side="both", stop_loss_frac=0.004, flat_at_close=True))
    estimate = estimate_batch(home.lake, home.state, ["trend"], ["SPY"], space, setup, budget_s=0.1)

    plain = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"], space)
    ruled = run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"], space, setup)
    resumed = resume_batch(home.lake, home.state, home.queue, ruled.batch_id)

    assert estimate.n_trials == ruled.n_completed == resumed.n_completed == 16
    assert plain.batch_id != ruled.batch_id == resumed.batch_id
    with home.state.read() as connection:
        recipes = [get_batch(connection, one.batch_id).recipe["setup"] for one in (plain, ruled)]
        n_tried = count_trials(
            connection,
            [evidence_of(model_source(home.lake, find_model(home.state, "trend", "SPY")))],
        )
    assert ["rules" in recipe for recipe in recipes] == [False, True]
    assert n_tried == 32
    board = leaderboard(home.lake, home.state, batch_id=ruled.batch_id)
    assert board.select("side", "stop_loss_frac", "flat_at_close", "borrow_bps").unique().rows() == [
        ("both", 0.004, True, None)
    ]


def test_rows_are_plain_json(home: MarketHome) -> None:
    run_batch(home.lake, home.state, home.queue, ["trend"], ["SPY"])

    rows = json.loads(leaderboard(home.lake, home.state, limit=2).write_json())

    # spec 08: names that other programs rely on.
    names = (
        "rank symbol model_id model_name threshold z_score_check volatility_normalization use_bot regime_col "
        "allowed_regimes initial_cash_usd fill fee_usd badges final_equity_usd total_return_frac "
        "buy_hold_return_frac sharpe sortino calmar max_drawdown_frac n_trades win_rate_frac profit_factor "
        "hit_rate_frac exposure_frac fees_usd deflated_sharpe_probability"
    )
    assert set(names.split()) <= set(rows[0])
    assert (rows[0]["use_bot"], rows[0]["regime_col"], rows[0]["allowed_regimes"]) == (False, None, None)
    assert len(list_models(home.state)) == 4
