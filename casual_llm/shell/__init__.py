"""The only effects: network, clock, environment, logging."""
