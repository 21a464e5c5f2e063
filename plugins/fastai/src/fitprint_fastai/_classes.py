"""The classes of fastai, where the user's program has imported them.

Importing a module of fastai can change what a program does: that of the progress bar gives one to each new learner. So
this plugin imports none that the program may not have imported.
"""

from __future__ import annotations

import sys
from typing import Any

_MODULES = {
    "Datasets": "fastai.data.core",
    "ColReader": "fastai.data.transforms",
    "Tabular": "fastai.tabular.core",
    "Tokenizer": "fastai.text.core",
    "LMDataLoader": "fastai.text.data",
    "LRFinder": "fastai.callback.schedule",
    "ProgressCallback": "fastai.callback.progress",
    "TrackerCallback": "fastai.callback.tracker",
    "EarlyStoppingCallback": "fastai.callback.tracker",
    "SaveModelCallback": "fastai.callback.tracker",
}


def is_a(value: Any, name: str) -> bool:
    """Return whether a value is an object of a class of fastai, or of a subclass.

    Args:
        value: The value.
        name: The name of the class.
    """
    cls = getattr(sys.modules.get(_MODULES[name]), name, None)
    return cls is not None and isinstance(value, cls)
