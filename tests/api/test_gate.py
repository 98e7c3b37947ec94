"""Who may ask."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from quantmill.config.settings import WebSettings
from quantmill.errors import ConfigError
from quantmill.web.gate import is_loopback
from quantmill.web.server import listen
from tests.api.conftest import Connect

TOKEN = "correct-horse-battery"
CANCEL = "/api/jobs/j-none/cancel"  # changes nothing: 404 behind the gate


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.5"]
)
def test_the_server_answers_to_its_own_names(reader: TestClient, host: str) -> None:
    assert reader.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", ""]
)
def test_a_name_pointed_at_this_machine_is_refused(reader: TestClient, host: str) -> None:
    assert reader.get("/health", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8000"},
    ],
)
def test_changes_from_here_pass(reader: TestClient, headers: dict[str, str]) -> None:
    assert reader.post(CANCEL, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "none", "Origin": "http://evil.example"},
    ],
)
def test_changes_from_pages_of_other_sites_are_refused(reader: TestClient, headers: dict[str, str]) -> None:
    assert reader.post(CANCEL, headers=headers).status_code == 403


def test_questions_may_come_from_anywhere_but_are_not_shared(reader: TestClient) -> None:
    answer = reader.get("/symbols", headers={"Origin": "http://evil.example"})

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_another_machine_needs_a_token(connect: Connect, bars_home: Path) -> None:
    assert connect(bars_home, peer="192.168.1.9").get("/health").status_code == 403


def test_a_token_is_asked_of_everybody(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__TOKEN", TOKEN)
    for peer in ("127.0.0.1", "192.168.1.9"):
        client = connect(bars_home, peer=peer)

        assert client.get("/health").status_code == 401
        assert client.get("/health", headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
        assert client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_an_origin_that_is_set_may_ask(
    connect: Connect, bars_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTMILL_WEB__CORS_ORIGINS", "https://ours.example")
    client = connect(bars_home)
    headers = {"Origin": "https://ours.example", "Sec-Fetch-Site": "cross-site"}

    assert (
        client.post(CANCEL, headers=headers).headers["access-control-allow-origin"] == "https://ours.example"
    )
    assert client.post(CANCEL, headers=headers).status_code == 404
    assert client.post(CANCEL, headers={"Origin": "https://theirs.example"}).status_code == 403


def test_answers_carry_safe_headers(reader: TestClient) -> None:
    for path in ("/health", "/nowhere"):
        headers = reader.get(path).headers

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_open_address_without_a_token_is_not_listened_on(host: str) -> None:
    with pytest.raises(ConfigError, match="no token"):
        listen(host, 0, WebSettings())


def test_loopback_has_many_names() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "")))
