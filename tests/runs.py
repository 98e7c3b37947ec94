"""Records of runs that were never made, for what looks at recorded runs alone."""

from quantmill.simulation.history import RunRecord

__all__ = ["run_record"]


def run_record(run_id: str, **others: object) -> RunRecord:
    """A run of 100 dollars with nothing remarkable; `others` are fields of the record."""
    values: dict[str, object] = {
        "run_id": run_id,
        "symbol": "SPY",
        "source": "model",
        "model_id": "m-test",
        "model_name": "test",
        "predictions_sha256": None,
        "params": {"initial_cash_usd": 100.0},
        "metrics": {},
        "null_reasons": {},
        "labels": {},
        "counts": {},
        "snapshot": 1,
        "feature_set": None,
        "feature_version": None,
        "input_digest": "",
        "code_version": "",
        "is_synthetic": False,
        "n_sessions": 101,
        "first_session": "2023-01-03",
        "last_session": "2023-05-26",
        "created_us": 0,
    }
    return RunRecord(**{**values, **others})
