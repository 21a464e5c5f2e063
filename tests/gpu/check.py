"""What `check.sh` runs: a small training on a GPU, with recording on and off."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from torch import nn

import fitprint

STEPS = 200


def train(device: str) -> tuple[Any, Any]:
    """Train a small net; PyTorch warns of each operation that waits for the GPU."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rows = torch.randn(64, 16, device=device)
    target = (rows.sum(1) > 0).long()
    last = None
    for _ in range(STEPS):
        optimizer.zero_grad()
        last = F.cross_entropy(model(rows), target)
        last.backward()
        optimizer.step()
    return model, last


def waits(device: str) -> int:
    """Return how many operations of a training have waited for the GPU."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        train(device)
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def main() -> None:
    """Run the checks, each of which prints a line."""
    if not torch.cuda.is_available():
        print("no GPU that CUDA can use: nothing is checked")
        return
    device = "cuda"
    plain, loss = train(device)
    expected = loss.item()
    without = waits(device)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FITPRINT_STORE"] = folder
        fitprint.autolog("pytorch", strict=True, quiet=True)
        # values are read once a second, so that a short training waits at most a few times
        added = waits(device) - without
        assert added <= 5, f"{added} operations of {STEPS} steps have waited for the GPU because of the recording"
        print(f"recording {STEPS} steps made the program wait for the GPU {added} times")
        model, loss = train(device)
        assert all(weight.is_cuda for weight in model.parameters()), "the user's weights were moved"
        assert all(map(torch.equal, model.parameters(), plain.parameters())), "the weights differ from those without"
        run = fitprint.run_of(model)
        fitprint.disable()
        losses = run.metric_history("loss_step")
        assert (len(losses), losses[-1][1]) == (STEPS, expected), (len(losses), losses[-1], expected)
        print(f"{len(losses)} losses, the last one as it is without recording: {expected}")
        packaged = torch.load(Path(run.model_path) / "data/model.pth", weights_only=False)
        assert all(weight.device.type == "cpu" for weight in packaged.parameters()), (
            "the package has weights on the GPU"
        )
        print("the weights of the package are on the CPU")
    nvml()


def nvml() -> None:
    """Read the load and the memory of the first GPU, if the module of NVML is there."""
    try:
        import pynvml
    except ImportError:
        print("pynvml is not installed: NVML is not checked")
        return
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    print(f"NVML: {pynvml.nvmlDeviceGetMemoryInfo(handle).used:,} bytes of GPU memory in use")


if __name__ == "__main__":
    sys.exit(main())
