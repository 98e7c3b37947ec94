import numpy as np
import pytest
from sklearn import metrics as reference

from quantmill.models.classification_metrics import classification_metrics


def test_metrics_worked_by_hand() -> None:
    # Said to rise: rows 0, 1, 2; two of them did, of three rises in all. Base rate 3/5.
    y = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    probability = np.array([0.9, 0.6, 0.7, 0.4, 0.1])

    found = classification_metrics(y, probability)

    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["base_rate"] == pytest.approx(3 / 5)
    assert found["signal_rate"] == pytest.approx(3 / 5)
    assert found["lift"] == pytest.approx((2 / 3) / (3 / 5))
    assert found["brier"] == pytest.approx((0.01 + 0.16 + 0.49 + 0.36 + 0.01) / 5)
    # Pairs of a rise and another row: 0.9 beats both, 0.6 beats 0.1, 0.4 beats 0.1: 4 of 6.
    assert found["roc_auc"] == pytest.approx(4 / 6)
    # Each row has a bin of its own: mean distance.
    assert found["calibration_error"] == pytest.approx((0.1 + 0.4 + 0.7 + 0.6 + 0.1) / 5)


def test_metrics_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    probability = np.round(rng.random(400), 2)  # rounding makes ties
    y = (rng.random(400) < probability).astype(np.float64)
    said = probability > 0.5

    found = classification_metrics(y, probability)

    assert found["f1"] == pytest.approx(reference.f1_score(y, said), rel=1e-12)
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(y, probability), rel=1e-12)
    assert found["pr_auc"] == pytest.approx(reference.average_precision_score(y, probability), rel=1e-12)
    assert found["brier"] == pytest.approx(reference.brier_score_loss(y, probability), rel=1e-12)
    assert found["log_loss"] == pytest.approx(
        reference.log_loss(y, np.clip(probability, 1e-15, 1 - 1e-15)), rel=1e-9
    )


def test_a_metric_that_cannot_be_computed_is_none() -> None:
    never = classification_metrics(np.zeros(3), np.full(3, 0.2))
    empty = classification_metrics(np.empty(0), np.empty(0))

    assert [never[name] for name in ("precision", "recall", "f1", "roc_auc", "pr_auc", "lift")] == [None] * 6
    assert set(empty) == set(never)
    assert empty["n"] == 0
