"""What one caller may ask of the app, and what becomes of a model that does not end."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time

import httpx
import pytest

ROWS = {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, "a"]]}}


def saying(word: str) -> dict[str, object]:
    return {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, word]]}}


def test_a_body_over_the_limit_is_413_whether_its_size_is_announced_or_not(client_of, adder):
    body = json.dumps(ROWS).encode()
    client = client_of(adder, max_body=len(body))
    assert client.post("/invocations", content=body).status_code == 200

    async def pieces():
        for _ in range(3):
            yield b" " * len(body)

    for content in (body + b" ", pieces()):
        answer = client.post("/invocations", content=content)
        assert answer.status_code == 413
        assert str(len(body)) in answer.json()["message"]


def test_no_more_than_the_limit_is_held_of_a_body():
    from fitprint.serving.body import read_body
    from fitprint.serving.errors import RequestError

    received = 0

    async def receive():
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b" " * 100, "more_body": True}

    with pytest.raises(RequestError) as raised:
        asyncio.run(read_body({"headers": []}, receive, limit=1000, timeout=60))
    assert raised.value.status == 413
    assert received < 30  # it would go on for ever


def test_a_body_that_does_not_come_is_408():
    from fitprint.serving.body import read_body
    from fitprint.serving.errors import RequestError

    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive():
        for message in messages:
            return message
        await asyncio.sleep(3600)

    with pytest.raises(RequestError) as raised:
        asyncio.run(read_body({"headers": []}, receive, limit=1000, timeout=0.05))
    assert raised.value.status == 408


def test_a_client_that_has_gone_is_not_answered(client_of, adder):
    app = client_of(adder).app
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert sent == []


def test_a_compressed_body_is_refused(client_of, adder):
    answer = client_of(adder).post("/invocations", content=b"x", headers={"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_a_large_body_is_decoded_and_encoded_in_threads(client_of, adder):
    rows = [[float(number), number, "a"] for number in range(20_000)]
    answer = client_of(adder).post("/invocations", json={"dataframe_split": {**ROWS["dataframe_split"], "data": rows}})
    assert answer.json()["predictions"] == [2.0 * number for number in range(20_000)]


def test_a_full_queue_is_503_and_says_when_to_come_again(client_of, adder):
    client = client_of(adder, queue=1)
    answers = client.together(*[("/invocations", saying("sleep:0.3"))] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert int(busy.headers["retry-after"]) > 0


def test_a_model_that_takes_too_long_is_504_and_the_process_is_not_well_until_it_ends(client_of, adder):
    client = client_of(adder, timeout=0.2)
    assert client.get("/livez").status_code == 200
    answer = client.post("/invocations", json=saying("sleep:1.5"))
    assert (answer.status_code, answer.json()["error_code"]) == (504, "TIMEOUT")
    assert (client.get("/livez").status_code, client.get("/readyz").status_code) == (503, 503)
    assert client.post("/invocations", json=ROWS).status_code == 200  # by another thread
    while client.get("/livez").status_code == 503:
        time.sleep(0.05)


def test_requests_are_written_to_a_file_that_the_owner_alone_reads(client_of, adder, tmp_path):
    file = tmp_path / "requests.jsonl"
    file.touch(0o644)
    client = client_of(adder, log_requests=str(file))
    token = "hf_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z"
    client.post("/invocations", json=saying(token))
    client.post("/score", content=b"\xff")
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["status"], first["protocol"], json.loads(first["body"]).keys()) == (
        200,
        "mlflow",
        {"dataframe_split"},
    )
    assert token not in first["body"]
    assert (second["status"], second["body"]) == (400, "(1 bytes that are no text)")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs Python on a system with pipes")
def test_requests_are_written_to_files_alone(client_of, adder, tmp_path):
    """A pipe would be waited for, and of a device the rights would be taken away from everybody else."""
    os.mkfifo(tmp_path / "pipe", 0o644)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError, match="a device or a pipe"):
            client_of(adder, log_requests=str(tmp_path / "pipe"))
    finally:
        os.close(reader)
    assert stat.S_IMODE((tmp_path / "pipe").stat().st_mode) == 0o644


def test_a_file_that_cannot_be_written_costs_nobody_an_answer(client_of, adder, tmp_path, caplog):
    client = client_of(adder, log_requests=str(tmp_path / "requests.jsonl"))
    with open(os.devnull, "rb") as unwritable:  # as hopeless as a full disk
        os.dup2(unwritable.fileno(), client.app.state.serving.log._file)
    for _ in range(2):
        assert client.post("/invocations", json=ROWS).status_code == 200
    assert caplog.text.count("requests are no longer written to") == 1


@pytest.mark.parametrize("content", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900], ids=["list", "object"])
def test_a_deep_value_is_refused_where_values_are_shown(client_of, adder, content):
    body = f'{{"dataframe_split": {{"columns": ["x", "n", "code"], "data": [[1, 1, {content}]]}}}}'
    answer = client_of(adder, full_errors=True).post("/invocations", content=body)
    assert answer.status_code == 400
    assert "value" not in answer.json()["errors"][0]


def test_a_length_of_thousands_of_digits_is_too_large(client_of, adder):
    headers = {"content-length": "9" * 5000}
    assert client_of(adder).post("/invocations", content=b"{}", headers=headers).status_code == 413


def test_nothing_of_a_request_is_logged(client_of, adder, capfd, caplog):
    client = client_of(adder)
    for body in (saying("private-word"), {"dataframe_records": [{"x": "private-word"}]}, {"private-word": 1}):
        client.post("/invocations", json=body)
    assert "private-word" not in caplog.text + "".join(capfd.readouterr())


def test_requests_wait_together_where_batching_is_on(client_of, adder):
    client = client_of(adder, batch=64)
    answers = client.together(*[("/invocations", saying("a"))] * 8)
    assert [answer.json() for answer in answers] == [{"predictions": [2.0]}] * 8


def test_the_app_works_without_the_lifespan_of_its_server(adder):
    """As it does where it is mounted in another app."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from fitprint.serving import app_of

    inner = app_of(adder)
    outer = Starlette(routes=[Mount("/models/sum", app=inner)])

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://t") as client:
            answer = await client.post("/models/sum/invocations", json=ROWS)
            page = await client.get("/models/sum/", headers={"accept": "text/html"})
            document = await client.get("/models/sum/openapi.json")
            older = await client.get("/models/sum/swagger.json")
            wrong = await client.post("/models/sum/score", content=b"{")
            return answer.json(), page.headers["location"], document.json(), older.json(), wrong.json()

    predicted, location, document, older, wrong = asyncio.run(ask())
    inner.state.serving.scorer.close()
    assert predicted == {"predictions": [2.0]}
    assert location == "/models/sum/test"
    assert document["servers"] == [{"url": "/models/sum"}]
    assert older["basePath"] == "/models/sum"
    assert wrong.keys() == {"message"}
