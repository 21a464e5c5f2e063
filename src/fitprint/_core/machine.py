"""How busy this machine is: its processors, its memory and its GPUs, with the names that MLflow's metrics have.

Linux tells it in /proc. Elsewhere it takes psutil, which fitprint does not require. The GPUs are those that NVML knows,
read with pynvml (the distribution nvidia-ml-py).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fitprint._core.isolation import no_warnings_in_context

_PROC = Path("/proc")
_MEGABYTE = 1e6


class Machine:
    """Reads how busy the processors and the memory are.

    Raises:
        ModuleNotFoundError: This system has no /proc, and psutil is not installed.
    """

    def __init__(self) -> None:
        self._psutil = None if (_PROC / "stat").exists() else _imported("psutil")
        self._cpu = self._cpu_times()

    def values(self) -> dict[str, float]:
        """Return the values of this moment; of the processors, the share of the time since the last call."""
        before, self._cpu = self._cpu, self._cpu_times()
        busy, elapsed = (after - earlier for after, earlier in zip(self._cpu, before, strict=True))
        used, total = self._memory()
        values = {
            "system/system_memory_usage_megabytes": round(used / _MEGABYTE, 1),
            "system/system_memory_usage_percentage": _percentage(used, total),
        }
        return {"system/cpu_utilization_percentage": _percentage(busy, elapsed), **values} if elapsed > 0 else values

    def _cpu_times(self) -> tuple[float, float]:
        """Return for how long the processors have been busy, and for how long they have existed, all together."""
        if self._psutil is not None:
            times = self._psutil.cpu_times()
            total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
            return total - times.idle - getattr(times, "iowait", 0.0), total
        fields = (_PROC / "stat").read_text("ascii").split("\n", 1)[0].split()
        ticks = [float(field) for field in fields[1:9]]  # user, nice, system, idle, iowait, irq, softirq, steal
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)

    def _memory(self) -> tuple[float, float]:
        """Return the bytes of the memory that are in use, and those that there are."""
        if self._psutil is not None:
            memory = self._psutil.virtual_memory()
            return memory.total - memory.available, memory.total
        lines = (line.split() for line in (_PROC / "meminfo").read_text("ascii").splitlines())
        kibibytes = {fields[0].rstrip(":"): float(fields[1]) for fields in lines}
        total = kibibytes["MemTotal"] * 1024
        return total - kibibytes["MemAvailable"] * 1024, total


def has_nvidia_gpu() -> bool:
    """Return whether a driver of NVIDIA is loaded on this machine, as far as its files tell."""
    return (_PROC / "driver" / "nvidia" / "version").exists() or os.path.exists("/dev/nvidiactl")


class Gpus:
    """Reads how busy the GPUs of this machine are.

    Raises:
        ModuleNotFoundError: pynvml is not installed.
        Exception: Whatever NVML raises where there is no GPU.
    """

    def __init__(self) -> None:
        self._nvml = _imported("pynvml")
        self._nvml.nvmlInit()
        self._handles = [
            self._nvml.nvmlDeviceGetHandleByIndex(number) for number in range(self._nvml.nvmlDeviceGetCount())
        ]

    def values(self) -> dict[str, float]:
        """Return the values of this moment. What a GPU does not tell is left out."""
        return {name: value for number, gpu in enumerate(self._handles) for name, value in self._of_one(number, gpu)}

    def _of_one(self, number: int, gpu: Any) -> Iterator[tuple[str, float]]:
        nvml, name = self._nvml, f"system/gpu_{number}"
        with suppress(nvml.NVMLError):
            yield f"{name}_utilization_percentage", float(nvml.nvmlDeviceGetUtilizationRates(gpu).gpu)
        with suppress(nvml.NVMLError):
            memory = nvml.nvmlDeviceGetMemoryInfo(gpu)
            yield f"{name}_memory_usage_megabytes", round(memory.used / _MEGABYTE, 1)
            yield f"{name}_memory_usage_percentage", _percentage(memory.used, memory.total)
        with suppress(nvml.NVMLError):
            yield f"{name}_power_usage_watts", round(nvml.nvmlDeviceGetPowerUsage(gpu) / 1000, 1)


def _imported(name: str) -> Any:
    with no_warnings_in_context():
        return importlib.import_module(name)


def _percentage(part: float, whole: float) -> float:
    return round(100 * part / whole, 1)
