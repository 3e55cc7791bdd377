"""An LLM client whose core is values and pure functions."""
