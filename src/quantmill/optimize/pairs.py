"""Which model trades which symbol in a batch."""

from collections.abc import Sequence

from quantmill.core.symbols import canonical_symbol
from quantmill.errors import NotFoundError, UsageError
from quantmill.models.registry import ModelRecord, find_model, list_models
from quantmill.state.engine import State

__all__ = ["resolve_pairs"]


def resolve_pairs(
    state: State, models: Sequence[str], symbols: Sequence[str] = ()
) -> tuple[ModelRecord, ...]:
    """The models of a batch, by symbol in the order given, then by model in the order given.

    Args:
        state: The state database.
        models: Ids, beginnings of ids, or names. An id is one model on its own symbol, a name one per symbol.
        symbols: Symbols to trade; all symbols of the models when empty.

    Raises:
        UsageError: If nothing is named, something is named twice, a model was trained on a symbol
            that is not asked for, or a symbol asked for has no model.
        NotFoundError: If a model is unknown.
    """
    if not models:
        raise UsageError(
            "a batch needs at least one model", hint="name models by id or name; `quantmill models list`"
        )
    wanted = [canonical_symbol(symbol) for symbol in symbols]
    _check_distinct("model", models)
    _check_distinct("symbol", wanted)
    known = list_models(state)
    chosen: dict[str, ModelRecord] = {}
    for model in models:
        for record in _records_of(state, known, model, wanted):
            chosen.setdefault(record.id, record)
    order = wanted or list(dict.fromkeys(record.symbol for record in chosen.values()))
    without = [symbol for symbol in order if symbol not in {record.symbol for record in chosen.values()}]
    if without:
        raise UsageError(
            f"none of the models {', '.join(models)} was trained on {', '.join(without)}",
            hint="a model trades the symbol it was trained on: train one there, or leave the symbol out",
        )
    return tuple(record for symbol in order for record in chosen.values() if record.symbol == symbol)


def _records_of(
    state: State, known: Sequence[ModelRecord], model: str, wanted: Sequence[str]
) -> list[ModelRecord]:
    if model.startswith("m-"):
        by_id = find_model(state, model)
        if wanted and by_id.symbol not in wanted:
            raise UsageError(
                f"model {by_id.id} ({by_id.name}) was trained on {by_id.symbol}, asked for are {', '.join(wanted)}",
                hint=f"a model trades the symbol it was trained on: add {by_id.symbol}, or leave the model out",
            )
        return [by_id]
    trained_on = list(dict.fromkeys(record.symbol for record in known if record.name == model))
    if not trained_on:
        raise NotFoundError(
            f"no model with the id or name {model!r}", hint="`quantmill models list` shows them"
        )
    missing = [symbol for symbol in wanted if symbol not in trained_on]
    if missing:
        raise UsageError(
            f"model {model!r} is trained on {', '.join(trained_on)}, not on {', '.join(missing)}",
            hint=f"train it: `quantmill train {missing[0]} --name {model}`",
        )
    return [find_model(state, model, symbol=symbol) for symbol in wanted or trained_on]


def _check_distinct(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{what} {', '.join(twice)} is named twice")
