"""The name of the variable that holds a value, in the code of the user."""

from __future__ import annotations

import sys
import weakref

import pytest

from fitprint._core import variable_names
from fitprint._core.variable_names import argument_name, variable_name

GLOBAL = ["a value"]
_hidden = ["another value"]
_also, also = [GLOBAL], [GLOBAL]


class Value:
    """Something that Python can refer to weakly."""


@pytest.fixture(autouse=True)
def nothing_recent():
    variable_names._recent.clear()


def name_here(value):
    """The name that `value` has for the code that calls this."""
    return variable_name(value, sys._getframe(1))


def passed_on(first, *others, **named):
    inner = named.get("named", others[0] if others else first)
    return variable_name(inner, sys._getframe())


def test_variables_of_functions_and_of_modules():
    local = ["a value"]
    assert name_here(local) == "local"
    assert name_here(GLOBAL) == "GLOBAL"
    assert name_here(["nobody's"]) is None
    assert name_here(None) is None
    assert [name_here(local) for _ in range(2)] == ["local", "local"]
    assert (lambda: name_here(local))() == "local"


def test_a_parameter_is_left_for_the_variable_of_the_caller():
    table = ["a value"]
    assert passed_on(table) == "table"
    assert passed_on(None, table) == "table"
    assert passed_on(None, named=table) == "table"
    assert passed_on(GLOBAL) == "GLOBAL"
    assert passed_on(["nobody's"]) == "first"


def test_what_a_function_makes_of_its_arguments_is_left_alone():
    def use(*others):
        others = iter(others)
        assert name_here(next(others)) is None
        return list(others)

    assert use(["a value"], 2, 3) == [2, 3]


def test_the_first_name_counts_unless_it_is_hidden():
    _own = ["a value"]
    own = second = _own
    assert name_here(second) == "own"
    assert name_here(_hidden) == "_hidden"
    assert own is second


def test_a_name_is_found_again_while_it_still_holds_the_value():
    namespace = {"variable_name": variable_name, "sys": sys, "__name__": "program", "table": ["a value"]}
    ask = compile("name = variable_name(table, sys._getframe())", "<program>", "exec")
    exec(ask, namespace)
    assert namespace["name"] == "table"
    namespace["renamed"] = namespace["table"]
    exec("table = ['another']; name = variable_name(renamed, sys._getframe())", namespace)
    assert namespace["name"] == "renamed"


def test_class_bodies_and_the_users_own_namespaces():
    class Body:
        table: list[str] = ["a value"]  # noqa: RUF012  it is one on purpose
        name = variable_name(table, sys._getframe())

    assert Body.name == "table"

    class Namespace(dict):
        def copy(self):
            raise AssertionError("the user's own mapping is asked for a copy")

    namespace = Namespace(table=["a value"])
    exec("name = variable_name(table, sys._getframe())", globals(), namespace)
    assert namespace["name"] == "table"


def test_no_value_is_kept_alive():
    def use():
        value = Value()
        reference = weakref.ref(value)
        assert name_here(value) == "value"
        del value
        return reference()

    trace = sys.gettrace()
    sys.settrace(None)  # under a tracer, which may change the variables, Python keeps the copy
    try:
        assert use() is None
    finally:
        sys.settrace(trace)


def test_what_a_function_holds_of_its_variables_stays_as_it_is():
    def use(value):
        seen = locals()
        seen["value"] = "changed"
        added = name_here(value)
        return sorted(seen), seen["value"], added

    def use_without_us(value):
        seen = locals()
        seen["value"] = "changed"
        added = "table"
        return sorted(seen), seen["value"], added

    table = ["a value"]
    assert use(table) == use_without_us(table)
    assert name_here(table) == "table"


def test_variables_that_a_function_adds_by_exec_stay():
    def add():
        value = ["a value"]
        exec("added = 5")
        name_here(value)
        return locals().get("added")

    def add_without_us():
        exec("added = 5")
        return locals().get("added")

    assert add() == add_without_us()


def test_a_namespace_with_names_that_are_no_texts():
    namespace = {1: GLOBAL, "table": GLOBAL, "variable_name": variable_name, "sys": sys}
    exec("name = variable_name(table, sys._getframe())", namespace)
    assert namespace["name"] == "table"


def test_a_tracer_sees_and_changes_variables_as_before():
    seen = []

    def trace(frame, event, argument):
        if frame.f_code is use.__code__ and event == "line":
            seen.append(sorted(frame.f_locals))
        return trace

    def use():
        value = ["a value"]
        name_here(value)
        return value

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = use()
    finally:
        sys.settrace(before)
    assert result == ["a value"]
    assert seen[-1] == ["value"]


def argument_here(*data, **named):
    frame = sys._getframe(1)
    return argument_name(frame.f_code, frame.f_lasti)


def test_the_argument_of_a_call_as_the_source_has_it():
    table, größe = ["a value"], 1
    assert argument_here(table) == argument_here(table, größe) == argument_here(X=table, raw=True) == "table"
    assert ("ü", argument_here(größe)) == ("ü", "größe")  # the interpreter counts bytes
    assert [argument_here(row) for row in table] == ["row"]
    several_lines = argument_here(
        table,
        raw=True,
    )
    assert several_lines == "table"


def test_an_argument_that_is_no_variable_has_no_name():
    table = {"column": [1]}
    assert argument_here(table["column"]) is argument_here(["a value"]) is argument_here(*table) is None
    assert argument_here() is None


def test_without_source_an_argument_has_no_name(tmp_path):
    namespace = {"argument_here": argument_here}
    exec("table = 1\nname = argument_here(table)", namespace)
    assert namespace["name"] is None
    changed = tmp_path / "changed.py"
    changed.write_text("table = 1\nname = argument_here(table)")
    code = compile(changed.read_text(), str(changed), "exec")
    changed.write_text("# something else\n) (")
    exec(code, namespace)
    assert namespace["name"] is None
