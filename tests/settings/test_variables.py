"""Names in the environment that are no setting: told with the nearest that is one, unless they are somebody else's."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._settings.env_vars import check_own_names, is_injected, unknown_variables
from fitprint._settings.table import TABLE


@pytest.fixture
def told(caplog):
    _guard.reset_warned()
    return lambda: [message for message in caplog.messages if message.startswith("FITPRINT_")]


def nearest(name, flavors=None):
    return unknown_variables([name], flavors or {"toy": ()}).get(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FITPRINT_STOER", "FITPRINT_STORE"),
        ("FITPRINT_DISABLE", "FITPRINT_DISABLED"),
        ("FITPRINT_EXCLUD_FLAVORS", "FITPRINT_EXCLUDE_FLAVORS"),
        ("FITPRINT_EXCLUDE_FLAVOR", "FITPRINT_EXCLUDE_FLAVORS"),
        ("FITPRINT_MAXMODELSIZE", "FITPRINT_MAX_MODEL_SIZE"),
        ("FITPRINT_TOY_MAX_MODEL_SIZ", "FITPRINT_TOY_MAX_MODEL_SIZE"),
        ("FITPRINT_SILENT", "FITPRINT_QUIET"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(name, meant):
    assert nearest(name) == meant


def test_the_options_of_serving_are_known():
    assert nearest("FITPRINT_SERVE_PORT") is None
    assert nearest("FITPRINT_SERV") is not None


def test_any_other_name_is_told_with_the_nearest_however_far_it_is():
    assert nearest("FITPRINT_ZZZ").startswith("FITPRINT_")
    assert nearest("FITPRINT_RULES") is not None, "rules are an argument alone"


@pytest.mark.parametrize("name", [*TABLE])
def test_each_setting_is_known_in_general_for_a_flavor_and_for_one_that_is_not_installed(name):
    if TABLE[name].metadata["argument_only"]:
        return
    for variable in (f"FITPRINT_{name.upper()}", f"FITPRINT_TOY_{name.upper()}", f"FITPRINT_H2O_{name.upper()}"):
        assert nearest(variable) is None, variable


INJECTED = [
    "FITPRINT_PORT",
    "FITPRINT_SERVICE_HOST",
    "FITPRINT_SERVICE_PORT",
    "FITPRINT_SERVICE_PORT_HTTP",
    "FITPRINT_PORT_80_TCP",
    "FITPRINT_PORT_80_TCP_ADDR",
    "FITPRINT_STORE_PORT_80_TCP_ADDR",
    "FITPRINT_STORE_PORT_53_UDP_PROTO",
    "FITPRINT_STORE_SERVICE_HOST",
    "FITPRINT_STORE_PORT",
    "FITPRINT_TOY_SERVICE_PORT_GRPC",
    "FITPRINT_TOY_PORT",
]


@pytest.mark.parametrize("name", INJECTED)
def test_what_kubernetes_injects_is_nobody_s_mistake(name):
    assert nearest(name) is None


@pytest.mark.parametrize("name", ["FITPRINT_KIT", "FITPRINT_MLFLOW3_PYTHON", "FITPRINT_OLDEST_PYTHON"])
def test_what_the_conformance_kit_reads_is_known(name):
    assert nearest(name) is None


@pytest.mark.parametrize("name", ["FITPRINT_PORTS", "FITPRINT_HOST", "FITPRINT_PORT_HTTP", "FITPRINT_SERVICE"])
def test_what_only_looks_like_it_is_told(name):
    assert nearest(name) is not None


def test_no_setting_is_called_as_kubernetes_calls_things():
    for name in TABLE:
        assert name not in ("port", "host")
        assert not is_injected(f"FITPRINT_{name.upper()}")
    for name in ("port", "host", "service_host", "metrics_port", "service_port_http", "port_80_tcp"):
        with pytest.raises(ValueError, match="Kubernetes"):
            check_own_names([name])


@pytest.mark.parametrize("name", ["store", "log_model", "silent", "Level", "a-b", ""])
def test_a_plugin_s_setting_has_a_name_that_can_be_told_from_fitprint_s(name):
    with pytest.raises(ValueError, match="setting"):
        check_own_names([name])
    check_own_names(["level_every", "log_every_n_epoch", "ports_used"])


def test_a_setting_of_a_flavor_s_own_is_known_once_its_plugin_is():
    assert nearest("FITPRINT_TOY_LEVEL_EVERY", {"toy": None}) is None
    assert nearest("FITPRINT_TOY_LEVEL_EVERY", {"toy": ("level_every",)}) is None
    assert nearest("FITPRINT_TOY_LEVEL_EVRY", {"toy": ("level_every",)}) == "FITPRINT_TOY_LEVEL_EVERY"


def test_a_flavor_s_name_may_begin_with_another_s():
    flavors = {"toy": (), "toy_box": ()}
    assert nearest("FITPRINT_TOY_BOX_STORE", flavors) is None


def test_autolog_tells_each_once_and_says_nothing_of_the_others(toy, store, monkeypatch, told):
    for name in (*INJECTED, "FITPRINT_H2O_STORE", "FITPRINT_XGBOOST_ANYTHING", "FITPRINT_QUIET"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("FITPRINT_STOER", "/runs")
    monkeypatch.setenv("FITPRINT_EMPTY", "")
    for _ in range(2):
        fitprint.autolog("toy")
    assert told() == ["FITPRINT_STOER is not a setting and is ignored; the nearest setting is FITPRINT_STORE"]


def test_nothing_is_told_with_recording_off(toy, store, monkeypatch, told):
    monkeypatch.setenv("FITPRINT_STOER", "/runs")
    monkeypatch.setenv("FITPRINT_DISABLED", "1")
    fitprint.autolog()
    assert told() == []
