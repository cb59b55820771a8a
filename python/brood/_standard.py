# The standard module itself, whatever stands in its place.
# SPDX-License-Identifier: Apache-2.0
"""Its exceptions and results are ours, and its Popen is a base of ours: see docs/decisions."""
import os
import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder


def _is_genuine(module):
    """Not a stand-in, nor one that is still being imported and is about to import us."""
    return getattr(getattr(module, "TimeoutExpired", None), "__module__", None) == "subprocess" and \
        getattr(getattr(module, "Popen", None), "__module__", None) != "brood.subprocess"


def _find():
    loaded = sys.modules.get("subprocess")
    if loaded is not None and _is_genuine(loaded):
        return loaded
    folder = os.path.dirname(os.__file__)
    genuine = PathFinder.find_spec("subprocess", [folder])
    if loaded is None:
        first = PathFinder.find_spec("subprocess")
        if genuine is None or (first is not None and first.origin == genuine.origin):
            import subprocess
            return subprocess
    if genuine is None:
        raise ImportError("the standard module subprocess is not in " + folder)
    module = module_from_spec(genuine)
    genuine.loader.exec_module(module)
    return module


standard = _find()
