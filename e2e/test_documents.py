"""What the server says about itself is what standard readers of it accept."""

import json
import re

import httpx
import openapi_spec_validator
import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest

from server import ROOT


@pytest.fixture
def document(server):
    return httpx.get(server.url("/openapi.json"), timeout=30).json()


def test_the_openapi_document_is_valid(document):
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_every_described_operation_is_served(server, document):
    """Wrong input may be refused, but no described path is unknown and no described method is refused."""
    with httpx.Client(base_url=server.url(), timeout=30) as client:
        for path, operations in document["paths"].items():
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
                # A number fits wherever a text does.
                address = re.sub(r"\{[^}]*\}", "1", path)
                status = client.request(method, address).status_code
                assert status not in (404, 405, 501), f"{method} {path} is {status}"


def test_described_paths_contain_what_is_promised(document):
    promised = {"/health", "/metrics", "/api/v1/system/health", "/api/v1/system/metrics", "/openapi.json"}
    assert promised <= document["paths"].keys()


def test_metrics_are_a_valid_exposition(server):
    httpx.get(server.url("/bench/json"), timeout=30)
    answer = httpx.get(server.url("/metrics"), timeout=30)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in prometheus_client.parser.text_string_to_metric_families(answer.text)}
    assert all(family.documentation for family in families.values())
    assert any(name.startswith("http_") for name in families), sorted(families)


def test_metrics_are_valid_openmetrics_for_who_asks(server):
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = httpx.get(server.url("/metrics"), headers=headers, timeout=30)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert list(prometheus_client.openmetrics.parser.text_string_to_metric_families(answer.text))


def test_requests_are_counted(server):
    def total():
        text = httpx.get(server.url("/metrics"), timeout=30).text
        families = prometheus_client.parser.text_string_to_metric_families(text)
        samples = [sample for family in families for sample in family.samples]
        return sum(one.value for one in samples if one.name.endswith("requests_total") and "http" in one.name)

    before = total()
    for _ in range(10):
        httpx.get(server.url("/bench/json"), timeout=30)
    assert total() >= before + 10


def test_the_table_of_settings_says_what_the_program_says(server):
    rows = {}
    for line in (ROOT / "docs/configuration.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("| `") and len(cells) == 5:
            rows[cells[0].strip("`")] = [cell.strip("`") for cell in cells[1:]]
    told = json.loads(server.command("config", "--json"))["settings"]
    expected = {
        setting["key"]: [setting["environment"], setting["default"], setting["kind"], setting["help"]]
        for setting in told}
    assert rows == expected
