"""MLmodel files of unknown origin: bounded in size and depth, plain data alone, one clear line for all else."""

from __future__ import annotations

import os
import sys

import pytest
import yaml

from fitprint.models import bounded_yaml, mlmodel
from fitprint.models.errors import PackageError

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
QUADRATIC = "a: &a [" + "x, " * 1000 + "]\nb: [" + "*a, " * 1000 + "]\n"

REFUSED = {
    "a billion laughs": (LAUGHS, "holds more than 200,000 values"),
    "one large value a thousand times": (QUADRATIC, "holds more than 200,000 values"),
    "maps merged into maps": (
        "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 30)),
        "holds more than 200,000 values",
    ),
    "many values": ("a: [" + "x, " * 200_001 + "]", "holds more than 200,000 values"),
    "a list in itself": ("a: &a [*a]", "holds a value that contains itself: 'a'"),
    "a map in itself": ("a: &a {b: {c: *a}}", "holds a value that contains itself: 'a'"),
    "deep lists": ("a: " + "[" * 500 + "]" * 500, "is nested more than 100 deep"),
    "deep maps": ("a: " + "{a: " * 500 + "}" * 500, "is nested more than 100 deep"),
    "deep in blocks": ("".join(" " * n + "a:\n" for n in range(200)), "is nested more than 100 deep"),
    "deep and cut off": ("a: " + "[" * 100_000, "is nested more than 100 deep"),
    "a key twice": ("a: 1\nb: 2\na: 3", "has the key 'a' twice in one map"),
    "a key twice, quoted once": ("b: {a: 1, 'a': 2}", "has the key 'a' twice in one map"),
    "a call": (
        "a: !!python/object/apply:os.system ['touch sung']",
        "python/object/apply:os.system', which is not plain",
    ),
    "an object": ("a: !!python/object:os.x {}", "python/object:os.x', which is not plain data"),
    "a name": ("a: !!python/name:os.system ''", "python/name:os.system', which is not plain data"),
    "a tag of its own": ("a: !mine 3", "holds a value of the type '!mine', which is not plain data"),
    "a set": ("a: !!set {b, c}", "set', which is not plain data"),
    "a number of megabytes": ("a: " + "9" * 2_000_000, "holds a number of 2,000,000 characters"),
    "a number that is said to be one": ("a: !!int '" + "9" * 5_000 + "'", "holds a number of 5,000 characters"),
    "a number of minutes": ("a: " + "1" + ":59" * 5_000, "holds a number of 15,001 characters"),
    "an anchor of nothing": ("a: *b", "is not YAML: found undefined alias"),
    "two documents": ("a: 1\n---\nb: 2", "is not YAML: expected a single document"),
    "no such day": ("a: 2026-02-31", "is not YAML: day is out of range"),
    "a list as a key": ("? [a]\n: b", "is not YAML: while constructing a mapping"),
    "no number": ("a: !!int abc", "is not YAML: "),
    "an empty number": ('a: !!int ""', "is not YAML: "),
    "an empty fraction": ('a: !!float ""', "is not YAML: "),
    "no truth": ("a: !!bool x", "is not YAML: "),
    "no time": ("a: !!timestamp x", "is not YAML: "),
    "no text": ("a: !!binary 'ü'", "is not YAML: "),
    "zero bytes": ("a: \0", "is not YAML: "),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_one_line_that_names_the_file(tmp_path, text, problem):
    (tmp_path / "MLmodel").write_text(text, "utf-8")
    with pytest.raises(PackageError) as caught:
        mlmodel.read(tmp_path)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'MLmodel'} ")
    assert problem in told
    assert "\n" not in told
    assert len(told) < len(str(tmp_path)) + 400
    assert not (tmp_path / "sung").exists()


READ = {
    "an anchor": "a: &a {b: [1, 2]}\nc: *a\nd: *a",
    "an anchor of a text": "a: &a text\nb: [*a, *a]",
    "merged maps": "a: &a {b: 1}\nc: {<<: *a, d: 2}",
    "the same key in two maps": "a: {b: 1}\nc: {b: 1}",
    "the same values": "a: [b, b]\nc: b",
    "a text of digits": f"a: '{'9' * 5000}'",
    "a text of the letters of numbers": f"a: {'x' * 5000}",
    "a long text": f"a: {'word ' * 100_000}",
    "JSON": '{"flavors": {"a": [1, 2.5, null, true]}}',
    "a time": "a: 2026-01-01 00:00:00",
    "plain tags": "a: !!str 3\nb: !!float 1\nc: !!binary aGk=",
    "ninety deep": "a: " + "[" * 90 + "]" * 90,
    "nothing": "",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_plain_data_is_read_as_any_safe_loader_reads_it(text):
    assert bounded_yaml.load(text.encode()) == yaml.safe_load(text)


def test_what_fitprint_writes_is_read(tmp_path):
    shared = {"a": ["x"] * 10}
    document = {"flavors": {"toy": {"a": 1}}, "metadata": {"one": shared, "two": shared, "long": "9" * 5000}}
    (tmp_path / "MLmodel").write_text(mlmodel.to_yaml(document), "utf-8")
    assert mlmodel.read(tmp_path) == document


def test_a_document_deeper_than_the_stack_does_not_end_the_process(run_python):
    run_python(
        """
        from fitprint.models import bounded_yaml
        for text in (b"[" * 5_000_000, b"{a: " * 2_000_000, b"- " * 5_000_000, b"? " * 5_000_000):
            try:
                bounded_yaml.load(text)
            except bounded_yaml.YamlError:
                continue
            raise AssertionError
        """
    )


def test_an_mlmodel_that_leads_outside(tmp_path):
    folder = tmp_path / "package"
    folder.mkdir()
    (tmp_path / "secret").write_text("flavors: {secret: 1}")
    os.symlink("../secret", folder / "MLmodel")
    with pytest.raises(PackageError, match="'MLmodel' leads outside of the package"):
        mlmodel.read(folder)
    (folder / "MLmodel").unlink()
    os.mkfifo(folder / "MLmodel")
    with pytest.raises(PackageError, match="must be a regular file"):
        mlmodel.read(folder)
    (folder / "MLmodel").unlink()
    os.symlink("MLmodel", folder / "MLmodel")
    with pytest.raises(PackageError, match="cannot be read: "):
        mlmodel.read(folder)


def test_without_the_parser_in_c_the_same_is_refused(tmp_path, monkeypatch):
    monkeypatch.delattr(yaml, "CSafeLoader")
    limit = sys.getrecursionlimit()
    for text, problem in REFUSED.values():
        if len(text) < 10_000:
            with pytest.raises(bounded_yaml.YamlError):
                bounded_yaml.load(text.encode())
            assert problem
    assert sys.getrecursionlimit() == limit
