"""Prints what a run records of the GPUs of this machine, and fails if that is nothing.

pip install nvidia-ml-py
PYTHONPATH=src python tests/gpu/nvml.py
"""

from __future__ import annotations

import tempfile
import time

import fitprint
from fitprint._runs import system_metrics

system_metrics.SECONDS = 0.5
fitprint.autolog(store=tempfile.mkdtemp())
with fitprint.start_run(log_system_metrics=True) as run:
    time.sleep(3)
for name, value in run.metrics.items():
    print(f"{name:45}{value:>12}{len(run.metric_history(name)):>5} values")
assert run.skipped == [], run.skipped
assert 0 <= run.metrics["system/gpu_0_utilization_percentage"] <= 100
assert run.metrics["system/gpu_0_memory_usage_megabytes"] > 0
assert 0 < run.metrics["system/gpu_0_memory_usage_percentage"] < 100
assert run.metrics["system/gpu_0_power_usage_watts"] > 0
