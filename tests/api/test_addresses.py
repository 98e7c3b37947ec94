"""Every verb is found somewhere, at the addresses that were promised."""

from quantmill.verbs.registry import VERBS
from quantmill.web.addresses import NOT_SERVED, addresses

# Contract 26 and the quick start.
WITHOUT_PREFIX = {
    ("POST", "/ingest/{symbols}"),
    ("GET", "/bars/{symbol}"),
    ("GET", "/symbols"),
    ("GET", "/features/{symbol}"),
    ("GET", "/models"),
    ("GET", "/runs"),
    ("GET", "/leaderboard"),
}
PROMISED = {
    ("GET", "/api/bars/{symbol}"),
    ("POST", "/api/features/build"),
    ("POST", "/api/import"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/{job_id}"),
    ("POST", "/api/jobs/{job_id}/cancel"),
    ("GET", "/api/leaderboard/{batch}"),
    ("GET", "/api/models/{model}"),
    ("GET", "/api/optimize"),
    ("GET", "/api/optimize/{batch}"),
    ("POST", "/api/optimize/resume"),
    ("POST", "/api/optimize/run"),
    ("POST", "/api/optimize/{batch}/pause"),
    ("GET", "/api/quarantine"),
    ("GET", "/api/quarantine/show"),
    ("POST", "/api/quarantine/release"),
    ("GET", "/api/runs/compare"),
    ("GET", "/api/runs/{run_id}"),
    ("POST", "/api/simulate"),
    ("POST", "/api/sql"),
    ("POST", "/api/train"),
    ("GET", "/api/verify/lookahead"),
}


def test_every_verb_has_an_address_or_a_reason_for_none() -> None:
    served = {address.verb.words for address in addresses()}

    assert served | set(NOT_SERVED) == set(VERBS)


def test_promised_addresses_are_there() -> None:
    found = {(address.method, address.path) for address in addresses()}

    assert found >= WITHOUT_PREFIX | PROMISED
    assert {one for one in found if not one[1].startswith("/api/")} == WITHOUT_PREFIX


def test_addresses_and_their_names_are_distinct() -> None:
    found = addresses()

    assert len({(address.method, address.path) for address in found}) == len(found)
    assert len({address.operation_id for address in found}) == len(found)


def test_fixed_paths_come_before_those_with_fields() -> None:
    n_fields = [len(address.path_fields) for address in addresses()]

    assert n_fields == sorted(n_fields)
