"""Photographs test-page.png: the Test page of a served model, after a prediction.

python docs/pictures/make_test_page.py    # needs Chromium
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

TRAIN = """
import fitprint
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = load_wine(as_frame=True)
X = data.data.iloc[:, :8].astype({"magnesium": "int64"})
y = data.target.map(dict(enumerate(["Barolo", "Grignolino", "Barbera"])))
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
signature = fitprint.infer_signature(X, y)
fitprint.sklearn.save_model(model, "wine", signature=signature, input_example=X.iloc[[83]])
"""
SIZE = {"width": 1160, "height": 590}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-W", "ignore", "-c", TRAIN], cwd=folder, check=True)
        serve = [sys.executable, "-m", "fitprint", "serve", "wine", "--method", "predict_proba", "--port", "5000"]
        with subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            server.stdout.readline()  # that it serves
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page(viewport=SIZE, color_scheme="light")
                page.goto("http://127.0.0.1:5000/test")
                page.get_by_role("button", name="Predict").click()
                page.locator("#answer table").wait_for()
                page.locator("h1").click()  # so that nothing has the focus
                page.screenshot(path=Path(__file__).with_name("test-page.png"))
                browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
