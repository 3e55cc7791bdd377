"""OpenAI Chat Completions, and everything compatible with it."""
