"""The recording of a call that has models trained (`Role.GROUPS`): they become runs below the run of the call."""

from __future__ import annotations

from types import TracebackType

from fitprint._core import call_scope
from fitprint._core.signal_handlers import own
from fitprint._recorder.base import Outcome
from fitprint._recorder.call import CallRecording
from fitprint._recorder.collect import record_facts, record_metrics, skip_children
from fitprint._runs import active
from fitprint._runs import index as run_index
from fitprint._runs.groups import Group
from fitprint._runs.open import open_run
from fitprint._runs.record import FAILED, FINISHED
from fitprint._runs.run import active_runs, before_end, is_own, record_of, writer_of
from fitprint.plugin.contract import TrainingCall
from fitprint.stores import StoreError, open_store


class GroupRecording(CallRecording):
    """Surrounds a call inside of which each training is recorded as a run below the run of the call.

    While the group's own code runs, before the call and after it, nothing is recorded, as around any call.
    """

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(call)
        session = call_scope.innermost()
        outer = session.recording if session is not None else None
        self._outer: GroupRecording | None = outer if isinstance(outer, GroupRecording) else None
        """The recording of the group that this one is in."""
        self._inside = call_scope.SessionScope(call_scope.GroupSession())

    @property
    def may_finish_later(self) -> bool:
        """Whether the package may be written in the background: never, because the runs below it have to be there."""
        return False

    # before the user's call

    def __enter__(self) -> None:
        super().__enter__()
        try:
            if self.has_run:
                self._enter_group()
        except BaseException as error:
            self._abandon(error, self.ensure_ended)
            raise

    def _enter_group(self) -> None:
        writer, session = self.writer, self._inside.session
        writer.claimed = True  # by this call, so that each training inside becomes a run below
        writer.group = writer.group or Group()
        writer.group.is_open = True
        session.recording, session.run, session.outer_run = self, self.run, active.active_run()
        if self.owns_run:
            active_runs.enter_block(self.run)
        self._inside.enter()

    def _choose_run(self) -> None:
        earlier_run = run_index.run_of(self.call.instance) if self.call.flavor.continues(self.call) else None
        if earlier_run is None or not is_own(earlier_run):
            super()._choose_run()
        elif earlier_run is active.active_run():
            self.owns_run = False
            self._go_on_with(earlier_run)
        elif writer_of(earlier_run).closed and record_of(earlier_run).parent_id == active.parent_id():
            try:
                reopened_run = open_run(self.call.settings.store, earlier_run.run_id)
            except own(StoreError):  # it was removed, or recording now goes to another store
                super()._choose_run()
                return
            record_of(reopened_run).error = None
            self._go_on_with(reopened_run)
        else:
            super()._choose_run()

    # after the user's call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._leave_group()
        except BaseException:
            self._abandon(error, self.conclude_interrupted)
            raise
        super().__exit__(kind, error, trace)

    def _leave(self) -> None:
        self._leave_group()
        super()._leave()

    def _leave_group(self) -> None:
        """Let nothing more be recorded below. Training loops that are still open end here."""
        self._inside.leave()
        if not self.has_run or self.writer.group is None:
            return
        self.writer.group.is_open = False
        if self.owns_run:
            active_runs.remove(self.run)
            while before_end(self.run):
                before_end(self.run).pop(0)()

    def conclude(self, outcome: Outcome) -> None:
        """Record how the user's code ended, end the run, and leave it to the group around it whether it stays."""
        super().conclude(outcome)
        if self._outer is not None and self.owns_run and not self._discards_run and hasattr(self._outer, "call"):
            with self._outer.step("child runs"):
                rank, settings = self.call.flavor.rank(self.call), self._outer.call.settings
                if rank is not None:
                    group: Group = self._outer.writer.group
                    group.add_ranked(rank, self.run, settings.max_child_runs, self.call.flavor.worst)

    def _record_outcome(self, outcome: Outcome) -> None:
        if outcome.status == FINISHED:
            with self.step("the outcome"):
                reason = self.call.flavor.failure(self.call)
                if reason is not None:
                    outcome = Outcome(FAILED, {"type": "Failed", "message": reason})
        super()._record_outcome(outcome)

    def _record_result(self, outcome: Outcome) -> None:
        super()._record_result(outcome)
        if outcome.status != FINISHED:  # what has been trained until then is whole
            record_metrics(self)
            record_facts(self)
        if self.owns_run and not self.call.settings.run_name:
            with self.step("the run's name"):
                self.writer.record.name = self.call.flavor.run_name(self.call) or self.writer.record.name
        group: Group = self.writer.group
        if group.removed:
            with self.step("child runs"):
                group.remove_of_other_processes(open_store(self.call.settings.store), self.run.run_id)
            skip_children(self)

    def _refusal(self) -> tuple[str, str] | None:
        # a group with runs below it stays, because they would be left without it
        return None if self.writer.group.below else super()._refusal()
