"""What scripts of MLflow do with experiments, with places to track to, and with names that fitprint does not have."""

from __future__ import annotations

import pytest

import fitprint
import fitprint as mlflow


def test_an_experiment_is_created_and_chosen_as_scripts_do_it(store):
    experiment = mlflow.get_experiment_by_name("churn")
    assert experiment is None
    experiment_id = mlflow.create_experiment("churn")
    chosen = mlflow.set_experiment(experiment_id=experiment_id)
    assert chosen == mlflow.Experiment("churn", str(store))
    assert (chosen.name, chosen.experiment_id, chosen.lifecycle_stage, chosen.tags) == ("churn", "churn", "active", {})
    with mlflow.start_run() as run:
        pass
    assert run.info.experiment_id == chosen.experiment_id
    assert mlflow.set_experiment("other").name == "other"
    assert mlflow.get_experiment_by_name("churn") == chosen == mlflow.get_experiment("churn")
    with pytest.raises(ValueError, match=r"no run in .* has the experiment 'unknown'"):
        mlflow.get_experiment("unknown")
    for both_or_none in ({"experiment_name": "a", "experiment_id": "b"}, {}):
        with pytest.raises(ValueError, match="takes either experiment_name or experiment_id"):
            mlflow.set_experiment(**both_or_none)


def test_what_has_no_effect_on_an_experiment_is_told(store, caplog):
    mlflow.create_experiment("churn", artifact_location="s3://bucket", tags={"a": "b"})
    assert "create_experiment(): artifact_location has no effect in fitprint" in caplog.text
    assert "create_experiment(): tags has no effect in fitprint" in caplog.text


def test_runs_are_searched_by_the_id_of_their_experiment_and_as_a_list(store):
    for label in ("a", "b"):
        with mlflow.start_run(experiment_id=label) as run:
            pass
    found = mlflow.search_runs(experiment_ids=["b"], output_format="list")
    assert [run.run_id for run in found] == [run.run_id]
    frame = mlflow.search_runs()
    assert list(frame["experiment_id"]) == ["b", "a"]
    assert list(frame["tags.mlflow.runName"]) == ["run", "run"]
    with pytest.raises(ValueError, match="either experiment_names or experiment_ids"):
        mlflow.search_runs(experiment_names=["a"], experiment_ids=["b"])
    with pytest.raises(ValueError, match="output_format must be 'pandas' or 'list', not 'json'"):
        mlflow.search_runs(output_format="json")


def test_the_address_of_artifacts(store):
    with mlflow.start_run() as run:
        assert mlflow.get_artifact_uri() == run.info.artifact_uri
        mlflow.log_text("x", "deep/a.txt")
        with open(mlflow.get_artifact_uri("deep/a.txt")) as file:
            assert file.read() == "x"


@pytest.mark.parametrize(
    "given",
    [
        {"description": "a", "tags": {"mlflow.note.content": "b"}},
        {"experiment_id": ["a"]},
        {"experiment_id": {"a": 1}},
    ],
    ids=str,
)
def test_what_no_run_can_be_started_with(store, given):
    with pytest.raises(ValueError, match=r"description|experiment_id is the label"):
        mlflow.start_run(**given)
    assert mlflow.active_run() is None
    assert not store.exists()


@pytest.mark.parametrize(
    ("uri", "instead"),
    [
        ("databricks", "on Databricks a folder such as /dbfs/... or /Volumes/..."),
        ("databricks://profile", "on Databricks a folder such as"),
        ("dbfs:/runs", "on Databricks a folder such as"),
        ("http://localhost:5000", "fitprint sends nothing to a tracking server: give a folder"),
        ("https://example.com", "fitprint sends nothing to a tracking server: give a folder"),
        ("sqlite:///mlflow.db", "fitprint needs no database: give a folder"),
    ],
)
def test_places_that_runs_cannot_go_to_are_refused_at_once(store, uri, instead):
    with pytest.raises(ValueError, match=r"set_tracking_uri|no store plugin serves") as error:
        mlflow.set_tracking_uri(uri)
    assert instead in str(error.value)
    assert mlflow.get_tracking_uri() == str(store)


def test_a_folder_of_such_a_name_can_be_given(store, tmp_path):
    mlflow.set_tracking_uri("./databricks")
    assert mlflow.get_tracking_uri() == f"{tmp_path}/./databricks"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("MlflowClient", "use get_run"),
        ("register_model", "hand the folder of the package to mlflow.register_model"),
        ("log_image", "log it with log_artifact"),
        ("delete_tag", "set the tag to an empty text"),
    ],
)
def test_a_name_that_is_missing_says_what_to_do_instead(name, instead):
    with pytest.raises(AttributeError, match=f"module 'fitprint' has no attribute '{name}'; .*{instead}"):
        getattr(fitprint, name)


def test_any_other_name_is_only_missing():
    with pytest.raises(AttributeError, match=r"module 'fitprint' has no attribute 'no_such_name'$"):
        fitprint.no_such_name  # noqa: B018
