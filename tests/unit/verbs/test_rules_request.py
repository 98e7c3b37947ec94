"""What a request makes of the rules of its positions."""

import pytest
from pydantic import ValidationError

from quantmill.errors import UsageError
from quantmill.simulation.rules import NO_RULES, Rules
from quantmill.verbs.rules_request import RulesRequest


def test_nothing_asked_for_is_no_rule() -> None:
    assert RulesRequest().rules() == NO_RULES


def test_every_option_reaches_its_rule() -> None:
    request = RulesRequest(
        side="both",
        size="usd:10000",
        stop_loss=0.01,
        take_profit=0.02,
        trailing_stop=0.03,
        flat_at_close=True,
        borrow_bps=30.0,
    )

    assert request.rules() == Rules(
        side="both",
        size="usd:10000",
        stop_loss_frac=0.01,
        take_profit_frac=0.02,
        trailing_stop_frac=0.03,
        flat_at_close=True,
        borrow_bps=30.0,
    )


def test_a_size_that_means_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="size"):
        RulesRequest(size="much").rules()


@pytest.mark.parametrize("wrong", [{"stop_loss": 1.0}, {"trailing_stop": 0.0}, {"side": "up"}])
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RulesRequest.model_validate(wrong)
