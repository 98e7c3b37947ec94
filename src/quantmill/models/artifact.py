"""Model artifacts: skops files, opened only when unaltered and holding nothing but known types."""

# pyright: basic
# skops ships incomplete types; this is the one module that touches it.

import hashlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from quantmill.core.arrays import Floats
from quantmill.errors import ArtifactError
from quantmill.lake.disk import sync
from quantmill.models.pipeline import FittedPipeline
from quantmill.models.sklearn_adapter import SklearnPipeline, wrap

__all__ = ["ALLOWED_TYPES", "check_predictions", "load_artifact", "make_check", "save_artifact"]

# Types that an artifact may hold besides scikit-learn's own. Fixed here, never read from a file.
ALLOWED_TYPES: Final = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
_N_CHECK_ROWS: Final = 8
_HINT: Final = "train the model again with --force"


def save_artifact(pipeline: SklearnPipeline, models_path: Path, model_id: str) -> tuple[Path, str]:
    """Write a pipeline under a name of its own, complete and on disk before it has that name.

    Names are never used twice, so an older artifact of the same model stays valid until the registry
    names the new one.

    Returns:
        The file and the SHA-256 of its bytes in hexadecimal.
    """
    content: bytes = skops.io.dumps(pipeline.estimator)
    sha256 = hashlib.sha256(content).hexdigest()
    models_path.mkdir(parents=True, exist_ok=True)
    path = models_path / f"{model_id}.{sha256[:8]}.skops"
    staging = models_path / f"{model_id}.{uuid.uuid4().hex}.partial"
    with staging.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    staging.rename(path)
    sync(models_path)
    return path, sha256


def load_artifact(path: Path, sha256: str) -> SklearnPipeline:
    """The pipeline of an artifact, after its bytes and its types have been checked.

    Raises:
        ArtifactError: If the file is missing, was altered, cannot be read, or holds a foreign type.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"the model artifact {path} cannot be read: {error.strerror}", hint=_HINT
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ArtifactError(
            f"the model artifact {path} was altered: SHA-256 {found[:12]}…, the registry has {sha256[:12]}…",
            hint=_HINT,
        )
    try:
        loaded: Any = skops.io.loads(content, trusted=list(ALLOWED_TYPES))
    except UntrustedTypesFoundException as error:
        raise ArtifactError(f"the model artifact {path} holds a foreign type: {error}", hint=_HINT) from error
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError, ImportError) as error:
        raise ArtifactError(
            f"the model artifact {path} is no readable skops file: {error}", hint=_HINT
        ) from error
    return wrap(loaded)


def make_check(pipeline: FittedPipeline, x: Floats) -> dict[str, Any]:
    """A few rows with their predictions, spread evenly over `x`, as plain values for the registry."""
    rows = x[np.linspace(0, x.shape[0] - 1, min(_N_CHECK_ROWS, x.shape[0])).astype(np.int64)]
    plain = [[None if np.isnan(value) else float(value) for value in row] for row in rows]
    return {"rows": plain, "predictions": [float(value) for value in pipeline.predict(rows)]}


def check_predictions(pipeline: FittedPipeline, check: Mapping[str, Any]) -> None:
    """Make sure that a loaded pipeline predicts what it predicted when it was fitted.

    Another machine's arithmetic may differ in the last bits, of boosted trees in those of single precision; more is
    an error.

    Raises:
        ArtifactError: If a prediction differs.
    """
    rows = np.array(
        [[np.nan if value is None else value for value in row] for row in check["rows"]], dtype=np.float64
    )
    expected = np.array(check["predictions"], dtype=np.float64)
    found = pipeline.predict(rows)
    if not np.allclose(found, expected, rtol=1e-6, atol=1e-12):
        worst = int(np.argmax(np.abs(found - expected)))
        raise ArtifactError(
            f"the loaded model predicts {found[worst]} where it predicted {expected[worst]} after training",
            hint="a library's version changed: train the model again with --force",
        )
