"""The OpenAPI document against what the server does."""

import pytest
from fastapi.testclient import TestClient

from quantmill.verbs.json_form import Json
from quantmill.web.addresses import addresses


@pytest.fixture
def document(reader: TestClient) -> Json:
    return reader.get("/api/openapi.json").json()


def test_every_address_is_described_with_its_problems(document: Json) -> None:
    for address in addresses():
        operation = document["paths"][address.path][address.method.lower()]
        success = "202" if address.is_job else "200"

        assert {success, "403", "404", "421", "422", "500"} <= set(operation["responses"])
        described = {(one["name"], one["in"]) for one in operation["parameters"]}
        assert {(name, "path") for name in address.path_fields} <= described


def test_every_reference_leads_somewhere(document: Json) -> None:
    def references(value: Json) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    found = set(references(document))

    assert found
    for reference in found:
        at = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_fields_keep_their_bounds_and_sentences(document: Json) -> None:
    operation = document["paths"]["/api/bars/{symbol}"]["get"]
    limit = next(one for one in operation["parameters"] if one["name"] == "limit")
    train = document["components"]["schemas"]["TrainRequest"]

    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100_000, "default": 1_000}
    assert train["required"] == ["symbol"]
    assert train["properties"]["horizon"]["minimum"] == 1
    assert train["properties"]["horizon"]["description"]


def test_a_field_in_the_path_is_not_in_the_body(document: Json) -> None:
    whole = document["paths"]["/api/ingest"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    part = document["paths"]["/ingest/{symbols}"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]

    assert whole == {"$ref": "#/components/schemas/IngestRequest"}
    assert "symbols" not in part["properties"]
    assert "provider" in part["properties"]


def test_the_form_of_a_typed_result_is_described(document: Json) -> None:
    answer = document["paths"]["/api/verify/lake"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]

    assert schema["required"] == ["ok", "findings", "files", "rows", "unknown_files"]
    assert schema["properties"]["findings"] == {"type": "array", "items": {"type": "string"}}
