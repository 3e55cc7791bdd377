"""How hard the laws are tried: profiles, chosen by `HYPOTHESIS_PROFILE`."""

from __future__ import annotations

import os
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

# A deadline or a slow draw says more about the machine's load than about a law.
_EVERYWHERE = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("dev", _EVERYWHERE, max_examples=100)
settings.register_profile("ci", _EVERYWHERE, max_examples=200, derandomize=True)
settings.register_profile("mutants", _EVERYWHERE, max_examples=60, derandomize=True, database=None)
settings.register_profile("nightly", _EVERYWHERE, max_examples=10_000)
if find_spec("hypothesis_crosshair_provider") is not None:
    settings.register_profile("crosshair", _EVERYWHERE, backend="crosshair", max_examples=50)

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
