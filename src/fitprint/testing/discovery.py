"""Checks: the flavor is found, and nothing is imported for that."""

from __future__ import annotations

import fitprint
from fitprint.testing.bench import Bench

_LOOKS = """
import json, sys
name, modules = map(json.loads, sys.argv[1:])
import fitprint
fitprint.status()
namespace = getattr(fitprint, name)
fitprint.autolog(name)
fitprint.status()
print(json.dumps([each for each in modules if each in sys.modules]))
"""
_LISTED = """
import json, subprocess, sys
name, = map(json.loads, sys.argv[1:])
done = subprocess.run([sys.executable, "-m", "fitprint", "flavors", "--json"], capture_output=True, text=True)
print(json.dumps(next((row for row in json.loads(done.stdout)["flavors"] if row["name"] == name), None)))
"""


class DiscoveryChecks:
    """The flavor is found through its entry points alone."""

    def test_discovery_imports_no_framework(self, bench: Bench) -> None:
        """`import fitprint`, `autolog()` and `status()` import neither the plugin nor its framework."""
        plugin = bench.entry.point.module.partition(".")[0]
        woken = bench.script(_LOOKS, bench.name, [plugin, *bench.entry.modules], what="turning it on")
        assert not woken, (
            f"before anybody has imported the framework, turning the flavor on has imported {', '.join(woken)}; look "
            "at what a .pth file or sitecustomize of yours imports, and at the entry points: the group "
            "fitprint.imports names the framework's own top-level modules"
        )

    def test_it_is_listed(self, bench: Bench) -> None:
        """`fitprint flavors` has it with its version and range, and `fitprint.<flavor>` is its namespace."""
        row = bench.script(_LISTED, bench.name, what="fitprint flavors")
        assert row is not None, f"`fitprint flavors` does not list {bench.name}: look at the plugin's entry points"
        assert row["state"] == "available", (
            f"`fitprint flavors` says {row['state']}: {row['reason']}; look at the range in the plugin's `instruments` "
            "extra, and at what is installed"
        )
        assert row["range"], "the plugin's metadata has no supported range: look at its `instruments` extra"
        assert repr(getattr(fitprint, bench.name)) == f"<fitprint flavor {bench.name}>"

    def test_it_is_on_once_its_framework_is_imported(self, bench: Bench) -> None:
        """After `autolog()` its state is `on`, with the version of the framework."""
        bench.on()
        (row,) = [each for each in fitprint.status() if each.name == bench.name]
        assert row.state == "on", (
            f"the state of the flavor is {row.state}: {row.reason}; look at patches(): each names a module and "
            "a function or method in it that are there"
        )
        assert row.version, "status() knows no version of the framework: look at the `instruments` extra"
        assert bench.flavor.tops(), "patches() names no entry point, so nothing can be recorded"
