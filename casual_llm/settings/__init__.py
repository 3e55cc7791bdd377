"""A configuration file as values: clients, presets that extend each other, and models."""
