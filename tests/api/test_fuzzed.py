"""Requests made up from the server's own description: none breaks it, none is answered in an undocumented way."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from quantmill.core.calendar import calendar_for
from quantmill.providers.sim.provider import SimProvider
from quantmill.verbs.json_form import Json
from quantmill.verbs.mill import Mill
from tests.api.test_server import SERVE, announced_url, running, wait_until_it_answers
from tests.standins.alpaca import AlpacaStandIn
from tests.trained_home import fill_home

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
N_QUESTIONS = 60
N_JOBS = 25
QUERIES = (
    "SELECT * FROM bars",
    "SELECT 1; SELECT 2",
    "SHOW TABLES",
    "SELECT sqrt(-1), 1/0",
    "DROP VIEW bars",
)


@dataclass
class Fuzzing:
    """Requests made up for one operation after the other, and what they were answered with."""

    known: Mapping[str, Json]
    answers: Counter[int] = field(default_factory=Counter)
    n_operations: int = 0

    def try_all(self, url: str) -> None:
        schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json", timeout=60)
        for found in schema.get_all_operations():
            self.n_operations += 1
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._try(found.ok(), mode, known={})
            # Names that exist lead beyond the first check.
            self._try(found.ok(), GenerationMode.POSITIVE, known=self.known)

    def _try(self, operation: APIOperation, mode: GenerationMode, *, known: Mapping[str, Json]) -> None:
        is_job = "202" in operation.definition.raw["responses"]

        @settings(
            max_examples=N_JOBS if is_job else N_QUESTIONS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode),
            query=st.sampled_from(QUERIES),
            keeps_span=st.booleans(),
        )
        def check(case: Case, query: str, keeps_span: bool) -> None:
            if known:
                for values in (case.path_parameters, case.query, case.body):
                    if isinstance(values, dict):
                        _put(values, {**known, "query": query}, keeps_span=keeps_span)
            response = case.call(timeout=120)
            self.answers[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        # An operation without inputs has none that could be wrong.
        with suppress(Unsatisfiable):
            check()


def _put(values: dict[str, Json], known: Mapping[str, Json], *, keeps_span: bool) -> None:
    for name in list(values):
        if name in {"start", "end"} and not keeps_span:
            del values[name]
        elif name in known:
            is_text = isinstance(values[name], str) and isinstance(known[name], list)
            values[name] = known[name][0] if is_text else known[name]


@pytest.mark.prove
def test_no_made_up_request_breaks_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_proof: Callable[..., None]
) -> None:
    home = tmp_path / "home"
    fuzzing = Fuzzing(fill(home))
    monkeypatch.setenv("QUANTMILL_WEB__MAX_WAITING_JOBS", "3")
    # With a provider that answers: what the server lacks, no request can mend, and 500 says so.
    bars = next(SimProvider().bars("SPY", calendar_for("XNYS").day_span(date(2024, 1, 2), date(2024, 1, 4))))
    days = [{"date": "2024-01-02", "open": "09:30", "close": "16:00"}]

    with (
        AlpacaStandIn(bars, calendar=days) as alpaca,
        running([SERVE, "serve", "--port", "0", "--json"], home, alpaca.variables) as process,
    ):
        url = announced_url(process)
        wait_until_it_answers(process, url)
        fuzzing.try_all(url)

    answers = fuzzing.answers
    record_proof(
        "made-up requests: no 5xx, nothing undocumented",
        operations=fuzzing.n_operations,
        requests=answers.total(),
        **{f"n_{status}": count for status, count in sorted(answers.items())},
    )
    assert not [status for status in answers if status >= 500]
    assert answers[200] > 300


def fill(home: Path) -> dict[str, Json]:
    """One of everything in a home, by the names of the fields that ask for it."""
    home.mkdir()
    fill_home(home, ("SPY",)).state.close()
    with Mill.open(home) as mill:
        model = mill.train("SPY").model_id
        run = mill.simulate(model=model, threshold="p50").record.run_id
        batch = mill.optimize.run(models=[model]).batch_id
        job = mill.queue.list()[-1].id
    names = {"model": model, "models": [model], "run_id": run, "batch": batch, "job_id": job}
    return {**names, "symbol": "SPY", "symbols": ["SPY"], "features": "core", "threshold": "p90"}
