"""One folder of pure functions for each wire format; none imports another."""
