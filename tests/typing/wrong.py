"""What a type checker has to refuse: one error in each line that ends with "wrong", and no other. Never run."""

from __future__ import annotations

import fitprint

fitprint.autolog(log_modells=False)  # wrong
fitprint.autolog(log_models="perhaps")  # wrong
fitprint.autolog(trust="some")  # wrong
fitprint.autolog(max_model_size=[1])  # wrong
fitprint.autolog(rules=[1])  # wrong
fitprint.autolog(3)  # wrong
fitprint.sklearn.autolog(min_fit_secs=1)  # wrong
fitprint.xgboost.autolog(quiet="loud")  # wrong
fitprint.autolgo()  # wrong
fitprint.log_model(object(), 3)  # wrong
fitprint.log_model(object(), signature="double")  # wrong
fitprint.log_model(object(), metadata=[1])  # wrong
fitprint.save_model(object(), 3)  # wrong
fitprint.sklearn.log_model(object(), pip_requirements=3)  # wrong
fitprint.sklearn.logmodel(object())  # wrong
fitprint.log_metric("loss", "high")  # wrong
print(fitprint.infer_signature([1]).input)  # wrong
print(fitprint.models.Modelsignature)  # wrong
settings: fitprint.AutologSettings = {"log_models": 3}  # wrong
