"""Requirement lines: what pip takes as a requirement is taken, anything else is refused with its line named."""

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from fitprint.models.requirement_lines import merged, name_of, read

ACCEPTED = [
    "numpy",
    "numpy==2.4.6",
    "numpy>=1.26,<3,!=2.0.0",
    "numpy ~= 2.1",
    "pandas[parquet,excel]>=2",
    'tomli>=2; python_version < "3.11"',
    "torch==2.7.1+cu128",
    "package @ https://example.com/package-1.0-py3-none-any.whl",
    "package @ https://example.com/package-1.0.tar.gz#sha256=00ff",
    "package @ file:///opt/wheels/package-1.0-py3-none-any.whl",
    "package[extra] @ git+https://example.com/package.git@v1 ; python_version >= '3.10'",
    "numpy==1.0 --hash=sha256:00ff",
    "numpy==1.0 --hash=sha256:00ff --hash=sha256:01ff",
]
WITHOUT_NAME = [
    "--index-url https://example.com/simple",
    "-i https://example.com/simple",
    "--extra-index-url=https://example.com",
    "--find-links /opt/wheels",
    "--trusted-host example.com",
    "-e .",
    "-e git+https://example.com/package.git@v1#egg=package",
    "--editable ./package[extra]",
    "--pre",
    "https://example.com/package-1.0-py3-none-any.whl",
    "https://example.com/package-1.0.tar.gz#sha256=00ff",
    "git+https://example.com/package.git ; python_version >= '3.10'",
    "git+ssh://git@example.com/package.git@v1",
    "./package",
    "../package[extra]",
    "package-1.0-py3-none-any.whl",
    "/opt/wheels/package-1.0-py3-none-any.whl",
    "C:\\wheels\\package-1.0-py3-none-any.whl",
]


def requirements_of(lines):
    return merged(read(lines).requirements)


@pytest.mark.parametrize("line", ACCEPTED)
def test_requirements_are_taken_as_they_are(line):
    assert requirements_of([line]) == [line]
    Requirement(line.partition(" --hash")[0])


@pytest.mark.parametrize("line", WITHOUT_NAME)
def test_lines_without_a_name_are_kept_as_they_are(line):
    assert requirements_of(["pandas>1", line, "pandas<9", line]) == ["pandas<9,>1", line]
    assert name_of(line) == ""


def test_hashes_stay_with_their_requirement():
    assert requirements_of(["numpy==2.0 \\", "  --hash=sha256:00ff", "pandas"]) == [
        "numpy==2.0   --hash=sha256:00ff",
        "pandas",
    ]
    assert requirements_of(["numpy==2.0", "numpy==2.0 --hash=sha256:00ff"]) == ["numpy==2.0 --hash=sha256:00ff"]


REFUSED = {
    "numpy; curl x | sh": "give a name and versions",
    "numpy && curl x": "give a name and versions",
    "numpy $(curl x)": "give a name and versions",
    "numpy `curl x`": "give a name and versions",
    "numpy==1.0 numpy==2.0": "give a name and versions",
    "numpy=1.0": "give a name and versions",
    "==1.0": "give a name and versions",
    "--index-url": "it is not one of the options that pip takes in a file of requirements",
    "--index-url https://example.com/$(curl x)": "it is not one of the options",
    "-i https://example.com/ -i https://example.com": "it is not one of the options",
    "-e . && curl x": "it is not one of the options",
    "--target /": "it is not one of the options",
    "numpy==1.0 --hash=00ff": "write each hash as --hash=sha256:<hexadecimal digits>",
    "numpy --global-option=x": "give a name and versions",
    "http://example.com/package-1.0-py3-none-any.whl": "a URL that starts with https",
    "./package; curl x": "give a path without spaces",
    "./package`curl`x": "give a path without spaces",
    "git+https://example.com/package.git && curl x": "give a path without spaces, or a URL",
    "package @ http://example.com/package.whl": "its URL must start with https",
    "package @ ftp://example.com/package.whl": "its URL must start with https",
    "numpy" + " " * 3_000 + "==1": "longer than 2,000 characters",
}


@pytest.mark.parametrize("line", REFUSED, ids=lambda line: line[:40])
def test_anything_else_is_refused_with_its_line_and_the_mend(line):
    with pytest.raises(ValueError, match="is not a requirement") as error:
        requirements_of(["pandas", line])
    assert REFUSED[line] in str(error.value)
    assert line[:30] in str(error.value)
    assert len(str(error.value)) < 300


def test_a_line_hidden_in_another_is_seen():
    assert requirements_of(["numpy\n--index-url https://example.com"]) == ["numpy", "--index-url https://example.com"]
    with pytest.raises(ValueError, match="'--target /' is not a requirement"):
        requirements_of(["numpy\r--target /"])


def test_a_message_shows_no_password():
    with pytest.raises(ValueError, match=r"https://\*\*\*@example\.com") as error:
        requirements_of(["--index-urls https://me:hunter2@example.com/simple"])
    assert "hunter2" not in str(error.value)


def test_a_message_cannot_steer_a_terminal():
    with pytest.raises(ValueError, match="is not a requirement") as error:
        requirements_of(["\x1b[2Jnumpy"])
    assert "\x1b" not in str(error.value)


def test_comments_blank_and_joined_lines():
    lines = ["# all of it", "", "  numpy>=2  # the arrays", "pandas>=2,\\", "  <4", "a @ https://example.com/a#egg=a"]
    assert requirements_of(lines) == ["numpy>=2", "pandas>=2,  <4", "a @ https://example.com/a#egg=a"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["pandas>1", "pandas<9", "pandas[x]"], ["pandas[x]<9,>1"]),
        (["b", "A>1", "a"], ["b", "A>1"]),
        (["scikit_learn>=1.6", "scikit-learn<2"], ["scikit_learn<2,>=1.6"]),
        (["a[y]", "a[x]"], ["a[x,y]"]),
        (["a==1.0", "a==1.0"], ["a==1.0"]),
        (["a>=1a1", "a==1b2"], ["a==1b2,>=1a1"]),
        (["a @ https://example.com/a.whl", "a[x] @ https://example.com/a.whl"], ["a[x] @ https://example.com/a.whl"]),
        (
            ["a>1; python_version < '3.11'", "a>2; python_version >= '3.11'", "a<9; python_version < '3.11'"],
            ['a<9,>1; python_version < "3.11"', "a>2; python_version >= '3.11'"],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_distribution_once(lines, expected):
    assert merged(lines) == expected
    for line in expected:
        Requirement(line)


@pytest.mark.parametrize(
    "lines",
    [["numpy==2.4.6", "numpy<2"], ["a==1", "a==2"], ["a @ https://example.com/a.whl", "a>1"]],
    ids=str,
)
def test_requirements_at_odds_are_refused(lines):
    with pytest.raises(ValueError, match="contradict each other"):
        merged(lines)


def test_files_within_files_stand_relative_to_each_other(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "all.txt").write_text("-r sub/base.txt\n-c sub/pins.txt\npandas\n")
    (tmp_path / "sub/base.txt").write_text("\ufeffnumpy # arrays\r\n--requirement=more.txt\r\n", "utf-8")
    (tmp_path / "sub/more.txt").write_text("-cpins.txt\nscipy\n")
    (tmp_path / "sub/pins.txt").write_text("numpy==2.4.6\n-r more_pins.txt\n")
    (tmp_path / "sub/more_pins.txt").write_text("scipy<2\n")
    found = read(tmp_path / "all.txt")
    assert found.requirements == ["numpy", "scipy", "pandas"]
    assert found.constraints == ["numpy==2.4.6", "scipy<2"] * 2
    assert read(str(tmp_path / "all.txt")) == found
    assert read(["-r all.txt"]) == found  # relative to the folder of the process


def test_a_bad_line_in_a_file_is_named_with_the_file(tmp_path):
    Path("reqs.txt").write_text("numpy\n--target=/\n")
    with pytest.raises(ValueError, match=r"reqs.txt: '--target=/' is not a requirement"):
        requirements_of("reqs.txt")


def test_files_that_are_none():
    with pytest.raises(FileNotFoundError, match=r"'numpy'; give requirements as a list"):
        requirements_of("numpy")
    with pytest.raises(FileNotFoundError, match=r"gone\.txt"):
        requirements_of(["-r gone.txt"])
    with pytest.raises(ValueError, match="it may name a file, but not a URL"):
        requirements_of(["-r https://example.com/reqs.txt"])
    Path("round.txt").write_text("-r round.txt\n")
    with pytest.raises(ValueError, match="names itself"):
        requirements_of("round.txt")
    Path("large.txt").write_text("#" * 1_000_001)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        requirements_of("large.txt")
    Path("binary.txt").write_bytes(b"numpy\xff")
    with pytest.raises(ValueError, match="not UTF-8"):
        requirements_of("binary.txt")
    with pytest.raises(TypeError, match="not int: 3"):
        requirements_of([3])


def test_names():
    assert name_of("Scikit_Learn[x]>=1") == "scikit-learn"
    assert name_of("zope.interface") == "zope-interface"


@pytest.mark.process
def test_reading_imports_packaging_only_when_it_is_needed():
    code = (
        "import sys, fitprint.models.requirement_lines as lines\n"
        "lines.read([])\n"
        "assert 'packaging' not in sys.modules\n"
        "lines.read(['numpy'])\n"
        "assert 'packaging' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
