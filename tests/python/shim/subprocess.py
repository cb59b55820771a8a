# Stands in for the standard module: first on PYTHONPATH, it puts the drop-in in its place.
# SPDX-License-Identifier: Apache-2.0
import importlib
import sys

sys.modules[__name__] = importlib.import_module("brood.subprocess")
