"""Draws runs.svg: what `fitprint runs` and `fitprint show` print after a few trainings.

python docs/pictures/make.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

TRAIN = """
import fitprint
fitprint.autolog(quiet=True)
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
accuracy_score(y_test, forest.predict(X_test))
pipeline = make_pipeline(StandardScaler(), LogisticRegression())
GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0, 10.0]}, scoring="roc_auc").fit(X, y)
Ridge().fit(*load_diabetes(return_X_y=True, as_frame=True))
booster = XGBClassifier(n_estimators=50, max_depth=3, eval_metric="auc")
booster.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
"""
WIDTH = 104
# rich's own template names a font on a server
TEMPLATE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FITPRINT_STORE": "fitprint-runs", "TERM": "xterm-256color", "LOGNAME": "ada"}
        train = [sys.executable, "-W", "ignore", "-c", TRAIN]
        subprocess.run(train, cwd=folder, env=environment, check=True, capture_output=True)
        console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
        for command in (("runs",), ("show", "last")):
            console.print(Text(f"$ fitprint {' '.join(command)}", style="bold green"))
            printed = on_a_terminal([sys.executable, "-m", "fitprint", *command], folder, environment)
            console.print(
                Text.from_ansi(re.sub(rf"\b{socket.gethostname()}\b", "laptop", printed.replace(folder, "~")))
            )
        place = Path(__file__).with_name("runs.svg")
        place.write_text(console.export_svg(title="fitprint", theme=MONOKAI, code_format=TEMPLATE), "utf-8")


def on_a_terminal(command: list[str], folder: str, environment: dict[str, str]) -> str:
    """What a command prints on a terminal of the picture's width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 100, WIDTH, 0, 0))
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs) as process:
        os.close(theirs)
        printed = b""
        while chunk := _read(ours):
            printed += chunk
        assert process.wait() == 0
    os.close(ours)
    return printed.decode("utf-8").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


if __name__ == "__main__":
    main()
