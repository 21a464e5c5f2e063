"""What `import fitprint; fitprint.autolog()` costs over `import wrapt`, in a fresh process: CPU milliseconds.

python benchmarks/starting.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile

SCRIPT = """
import time
began = time.process_time()
{body}
print((time.process_time() - began) * 1000)
"""
BODIES = {
    "wrapt": "import wrapt",
    "fitprint": "import fitprint; fitprint.autolog(store={store!r}, quiet=True)",
    "mlflow": "import mlflow; mlflow.autolog(silent=True)",
}


def milliseconds(python: str, what: str, repeats: int) -> float:
    """The median of fresh processes."""
    with tempfile.TemporaryDirectory() as store:
        code = SCRIPT.format(body=BODIES[what].format(store=store))
        runs = [
            subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=store)
            for _ in range(repeats + 1)
        ]
    return statistics.median(float(run.stdout.strip().splitlines()[-1]) for run in runs[1:])


if __name__ == "__main__":
    print(json.dumps({what: milliseconds(sys.executable, what, 15) for what in ("wrapt", "fitprint")}))
