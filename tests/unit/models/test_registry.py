from dataclasses import replace

import pytest

from quantmill.errors import NotFoundError, UsageError
from quantmill.models.record import ModelRecord
from quantmill.models.registry import (
    check_name,
    delete_models,
    find_model,
    list_models,
    rename_model,
    restore_model,
    store_model,
    stored_model,
)
from quantmill.state.engine import State

RECORD = ModelRecord(
    id="m-aaaaaaaaaa",
    name="base",
    version=0,
    symbol="SPY",
    algorithm="elasticnet",
    algorithm_kind="regressor",
    params={"alpha": 0.01},
    features=("rsi_14", "ibs"),
    feature_set="core",
    feature_version="00000000",
    interval="1m",
    hours="regular",
    target="close",
    horizon_bars=1,
    kind="log_return",
    seed=0,
    recipe={"embargo_bars": 5},
    metrics={"walk_forward": {"ic": 0.1, "r2": None}},
    folds=({"fold": 0, "abs_e_quantiles": {"plain": [1.0, 2.0, 3.0, 4.0], "vol_normalized": None}},),
    importance=({"feature": "rsi_14", "rank": 1},),
    warnings=("one",),
    report={"x_shape": [3, 2]},
    prediction_check={"rows": [[None, 1.0]], "predictions": [0.5]},
    snapshot=7,
    dataset_digest="d" * 64,
    input_digest="i" * 64,
    code_version="0.1.0",
    is_synthetic=False,
    artifact="m-aaaaaaaaaa.12345678.skops",
    sha256="1" * 64,
    parent_id=None,
    group_id=None,
    created_us=1,
)


def store(state: State, **changes: object) -> ModelRecord:
    with state.write() as connection:
        return store_model(connection, replace(RECORD, **changes))  # pyright: ignore[reportArgumentType] - any field


def test_a_record_comes_back_as_it_was_stored(state: State) -> None:
    stored = store(state)

    assert stored == replace(RECORD, version=1)
    assert stored_model(state, RECORD.id) == stored
    assert list_models(state) == [stored]


def test_versions_count_models_of_one_name_and_symbol(state: State) -> None:
    store(state)
    second = store(state, id="m-bbbbbbbbbb", created_us=2)
    other_symbol = store(state, id="m-cccccccccc", symbol="QQQ", created_us=3)
    again = store(state, created_us=4)

    assert (second.version, other_symbol.version, again.version) == (2, 1, 1)
    assert [model.id for model in list_models(state)] == ["m-aaaaaaaaaa", "m-cccccccccc", "m-bbbbbbbbbb"]
    assert [model.id for model in list_models(state, symbol="QQQ", name="base")] == ["m-cccccccccc"]


def test_models_are_found_by_id_beginning_and_name(state: State) -> None:
    first = store(state)
    second = store(state, id="m-abbbbbbbbb", created_us=2)

    assert find_model(state, "m-aaaaaaaaaa") == first
    assert find_model(state, "m-aa") == first
    assert find_model(state, "base") == second
    assert find_model(state, "base", "SPY") == second


@pytest.mark.parametrize(
    ("asked", "symbol", "error", "message", "hint"),
    [
        ("base", None, UsageError, "2 symbols have a model named 'base': QQQ, SPY", "say which symbol"),
        ("m-aa", None, UsageError, "2 models have an id that begins with m-aa", "m-aaaaaaaaaa"),
        ("bse", None, NotFoundError, "no model 'bse'", "did you mean base?"),
        ("base", "IWM", NotFoundError, "no model 'base' of IWM", "quantmill train IWM"),
        ("m-zz", None, NotFoundError, "no model 'm-zz'", "models list"),
        ("m-", None, NotFoundError, "no model 'm-'", ""),
    ],
)
def test_what_cannot_be_found_is_told(
    state: State, asked: str, symbol: str | None, error: type[Exception], message: str, hint: str
) -> None:
    store(state)
    store(state, id="m-aabbbbbbbb", symbol="QQQ", created_us=2)

    with pytest.raises(error, match=message) as caught:
        find_model(state, asked, symbol)

    assert hint in getattr(caught.value, "hint")  # noqa: B009 - both errors have it


def test_renaming_keeps_everything_else(state: State) -> None:
    stored = store(state)

    with state.write() as connection:
        renamed = rename_model(connection, stored, "other")

    assert stored_model(state, stored.id) == renamed == replace(stored, name="other", version=1)


def test_deleted_models_are_found_by_nobody_and_can_come_back(state: State) -> None:
    stored = store(state)
    other = store(state, id="m-bbbbbbbbbb", created_us=2)

    assert delete_models(state, [stored.id, "m-none"], deleted_us=5) == [stored.id]
    assert delete_models(state, [stored.id], deleted_us=6) == []
    assert list_models(state) == [other]
    assert stored_model(state, stored.id) is None
    assert stored_model(state, stored.id, deleted=True) == stored
    with pytest.raises(NotFoundError):
        find_model(state, stored.id)

    assert restore_model(state, stored.id)
    assert not restore_model(state, stored.id)
    assert find_model(state, stored.id) == stored


@pytest.mark.parametrize("name", ["", "m-abc", "a/b", "a" * 81, " a", "é"])
def test_names_that_cannot_be_used_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a model"):
        check_name(name)
