"""The names under which `fitprint/__init__.py` still exports the contract; plugins import it from `fitprint.plugin`."""

from fitprint.plugin.contract import ChildRun as Child
from fitprint.plugin.contract import DeclaredSignature as Declared
from fitprint.plugin.contract import Emit, Flavor, Patch, Role, Rule, TrainingCall

__all__ = ["Child", "Declared", "Emit", "Flavor", "Patch", "Role", "Rule", "TrainingCall"]
