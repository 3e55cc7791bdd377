"""Pure machinery that knows no provider."""
