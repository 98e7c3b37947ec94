"""The verb `models delete`: models that nobody shall find any more."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.models.registry import delete_models, find_model
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, Request, Symbol

__all__ = ["READS_ONLY", "DeletedModels", "ModelsDeleteRequest", "run"]

READS_ONLY: Final = False


class ModelsDeleteRequest(Request):
    """Delete models; their runs and trials stay.

    A deleted model is found and listed no more. Its artifact stays for the time being: training the same
    recipe on the same data brings it back. What it has traded still counts in the trial ledger.
    """

    models: Annotated[tuple[str, ...], POSITIONAL] = Field(
        min_length=1, description="Ids, beginnings of ids, or names; a name means its newest version."
    )
    symbol: Symbol | None = Field(
        default=None, description="The models' symbol, when several have one of that name."
    )


@dataclass(frozen=True)
class DeletedModels(Outcome):
    """The models that were deleted."""

    model_ids: tuple[str, ...]

    def lines(self) -> list[str]:
        """What is gone, and how it comes back."""
        return [
            f"deleted {', '.join(self.model_ids)}",
            "runs and trials stay, and count; training the same recipe brings a model back",
        ]


def run(mill: Mill, request: ModelsDeleteRequest, progress: Progress) -> DeletedModels:
    """Deletes all of them, or none when one cannot be found.

    Raises:
        NotFoundError: If there is no such model; the hint has the nearest names.
        UsageError: If several could be meant.
    """
    found = [find_model(mill.state, model, request.symbol).id for model in request.models]
    ids = tuple(dict.fromkeys(found))
    return DeletedModels(tuple(delete_models(mill.state, ids, deleted_us=mill.clock.now_us())))
