"""What a signal handler of the program raises is the program's, wherever it strikes."""

from __future__ import annotations

import functools
import os
import signal
import sys

import pytest

from fitprint._core.guard import attempt, guarded
from fitprint._core.signal_handlers import own, suppress_own

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs signals of POSIX")


class Deadline(TimeoutError):
    """An `OSError`, as a disk's own would be."""


def plain(number, frame):
    raise Deadline


def deeper(*args):
    plain(*args)


def forgetful(number, frame):
    signal.signal(number, signal.SIG_IGN)
    raise Deadline


def rebinding(number, frame):
    frame = number = None  # noqa: F841  nothing tells it from any other function now, but that it is installed
    raise Deadline


class Pool:
    def method(self, number, frame):
        raise Deadline

    def __call__(self, number, frame):
        frame = None  # noqa: F841
        raise Deadline

    @staticmethod
    def with_context(context, number, frame):
        raise Deadline


HANDLERS = [
    plain,
    deeper,
    forgetful,
    rebinding,
    Pool().method,
    Pool(),
    functools.partial(Pool.with_context, "context"),
    lambda *_: plain(0, None),
]


@pytest.fixture(params=HANDLERS)
def strike(request):
    """Lets a signal strike here; its handler raises."""
    earlier = signal.getsignal(signal.SIGALRM)

    def strike():
        signal.signal(signal.SIGALRM, request.param)
        os.kill(os.getpid(), signal.SIGALRM)

    yield strike
    signal.signal(signal.SIGALRM, earlier)


def test_it_passes_the_guard(strike, caplog):
    with pytest.raises(Deadline), guarded("metrics"):
        strike()
    assert caplog.messages == []


def test_it_passes_what_catches_our_own_errors(strike):
    with pytest.raises(Deadline):
        attempt(strike)
    with pytest.raises(Deadline), suppress_own(OSError):
        strike()

    def catching():
        try:
            strike()
        except own(Exception, OSError):
            pytest.fail("taken for an error of ours")

    with pytest.raises(Deadline):
        catching()


def test_it_passes_though_other_code_has_made_another_error_of_it(strike):
    def framework():
        try:
            strike()
        except Exception as error:
            raise RuntimeError("cannot") from error

    def hiding():
        try:
            framework()
        except RuntimeError:
            raise ValueError("hidden") from None

    for step in (framework, hiding):
        with pytest.raises(Deadline) as raised, guarded("metrics"):
            step()
        assert raised.value.__context__ is None


def test_an_error_of_ours_while_it_passes_is_ours(strike, caplog):
    reasons = []

    def ending():
        try:
            strike()
        finally:
            with guarded("the end of the run") as step:
                raise ValueError("ours")
            reasons.append(step.reason)

    with pytest.raises(Deadline):
        ending()
    assert reasons == ["ValueError: ours"]


def test_errors_of_ours_are_ours_whatever_they_are_called_with():
    def tracer(frame, event):
        raise Deadline

    with guarded("metrics") as step:
        tracer(sys._getframe(), 1)
    assert step.failed
    with suppress_own(OSError):
        raise Deadline
    assert attempt(tracer, 1, None)[0] is False


def test_inside_a_handler_an_error_of_ours_is_ours(caplog):
    failed = []

    def trains(number, frame):
        with guarded("metrics") as step:
            raise ValueError("ours")
        failed.append(step.failed)

    earlier = signal.signal(signal.SIGALRM, trains)
    os.kill(os.getpid(), signal.SIGALRM)
    signal.signal(signal.SIGALRM, earlier)
    assert failed == [True]
