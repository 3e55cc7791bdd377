"""Configuration files that several tests read."""

from __future__ import annotations

FILE = """
[clients.here]
provider = "local"
max_tokens = 200
stop = "END"

[presets.precise]
temperature = 0.0
seed = 7

[models.fast]
client = "here"
name = "smollm2"
extends = "precise"
temperature = 0.2
omit = "stop"
"""
ANOTHER = """
[models.playful]
client = "here"
name = "smollm2"
temperature = 1.2
"""
