"""What the app counts for Prometheus."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def values(client):
    """The metrics by name and labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def rows(*values, more=False):
    columns = ["x", "n", "code", *(["more"] if more else [])]
    return {"dataframe_split": {"columns": columns, "data": [[*row, *([1] if more else [])] for row in values]}}


def test_everything_is_counted(client_of, adder):
    client = client_of(adder, timeout=0.3)
    client.post("/invocations", json=rows((1.0, 1, "a"), (2.0, 2, "a")))
    client.post("/invocations", json=rows((1.0, 1, "a"), more=True))
    client.post("/score", content="{")
    client.post("/invocations", json=rows(("text", 1.5, "a")))
    client.post("/invocations", json=rows((1.0, 1, "raise")))
    client.post("/invocations", json=rows((1.0, 1, "sleep:0.6")))
    counted = values(client)
    assert counted["fitprint_requests_total", "200", "mlflow", "predict"] == 2
    assert counted["fitprint_requests_total", "400", "azure", "predict"] == 1
    assert counted["fitprint_requests_total", "500", "mlflow", "predict"] == 1
    assert counted["fitprint_requests_total", "504", "mlflow", "predict"] == 1
    assert counted["fitprint_rows_total",] == 3
    assert counted["fitprint_dropped_columns_total",] == 1
    assert counted["fitprint_abandoned_threads_total",] == 1
    faults = {labels[0]: value for (name, *labels), value in counted.items() if name == "fitprint_faults_total"}
    assert faults == {
        "bad_request": 1,
        "text for double": 1,
        "number for long": 1,
        "internal_error": 1,
        "timeout": 1,
    }
    for stage, count in {"decode": 2, "encode": 2}.items():
        assert counted["fitprint_seconds_count", stage] == count
    assert counted["fitprint_seconds_count", "predict"] >= 3
    assert counted["fitprint_batch_requests_count",] >= 3


def test_two_apps_in_a_process_count_apart(client_of, adder):
    first, second = client_of(adder), client_of(adder)
    first.post("/invocations", json=rows((1.0, 1, "a")))
    assert values(first)["fitprint_rows_total",] == 1
    assert values(second)["fitprint_rows_total",] == 0
