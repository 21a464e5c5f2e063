"""Who may call the app: the Host header, the token, pages of other origins."""

from __future__ import annotations

import pytest

from fitprint.serving.sockets import hosts_for, is_loopback

ROWS = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "a"]]}}
OPEN = ("/", "/ping", "/health", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/test")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:5000", 200),
        ("LocalHost", 200),
        ("127.0.0.1:5000", 200),
        ("[::1]:5000", 200),
        ("127.0.0.2", 200),
        ("evil.example", 403),
        ("evil.example:5000", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil@localhost", 200),
        ("localhost@evil.example", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_the_host_header_on_loopback(client_of, adder, host, status):
    client = client_of(adder, hosts=hosts_for("127.0.0.2"))
    assert client.post("/invocations", json=ROWS, headers={"host": host}).status_code == status
    assert client.get("/ping", headers={"host": host}).status_code == status


def test_on_other_hosts_every_name_is_served(client_of, adder):
    assert hosts_for("0.0.0.0") is None
    assert client_of(adder, hosts=None).get("/ping", headers={"host": "anything"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_what_is_loopback(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (None, 401),
        ("Bearer right", 200),
        ("bearer right", 200),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Bearer right2", 401),
        ("Basic right", 401),
        ("right", 401),
    ],
)
@pytest.mark.parametrize("path", ["/invocations", "/score", "/v2/models/adder/infer", "/v1/models/adder:predict"])
def test_the_token(client_of, adder, path, sent, status):
    client = client_of(adder, token="right")
    headers = {} if sent is None else {"authorization": sent}
    answer = client.post(path, json={}, headers=headers)
    assert answer.status_code == (400 if status == 200 else 401)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json().keys() & {"error_code", "message", "error"}


def test_health_asks_for_no_token_and_everything_else_does(client_of, adder):
    client = client_of(adder, token="right", health_routes=("/aip/health",))
    for route in client.app.routes:
        path = route.path.replace("{model}", "adder").replace("{version}", "1")
        method = "GET" if "GET" in route.methods else "POST"
        answer = client.request(method, path)
        if path in (*OPEN, "/aip/health"):
            assert answer.status_code == 200, path
        else:
            assert answer.status_code == 401, path
    assert client.get("/nothing").status_code == 401


def test_a_token_of_other_letters_is_compared_too(client_of, adder):
    client = client_of(adder, token="schlüssel")
    headers = {"authorization": "Bearer schlüssel".encode()}
    assert client.get("/version", headers=headers).status_code == 200
    assert client.get("/version", headers={"authorization": "Bearer schl"}).status_code == 401


def test_pages_of_other_origins(client_of, adder):
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client_of(adder).get("/ping", headers=asked).headers
    client = client_of(adder, cors=("https://a.example",), token="right")
    answer = client.request("OPTIONS", "/invocations", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://a.example")
    answer = client.post("/invocations", json=ROWS, headers={**asked, "authorization": "Bearer right"})
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "x-fitprint-ignored" in answer.headers["access-control-expose-headers"]
    other = client.request("OPTIONS", "/invocations", headers={**asked, "origin": "https://b.example"})
    assert (other.status_code, other.headers.get("access-control-allow-origin")) == (400, None)


def test_digest_and_trust_are_checked_before_anything_is_loaded(adder):
    from fitprint.models.errors import PackageError
    from fitprint.serving import app_of

    with pytest.raises(PackageError, match="digest"):
        app_of(adder, digest="0" * 64)
    with pytest.raises(PackageError, match="pickle"):
        app_of(adder, trust="no-pickle")
