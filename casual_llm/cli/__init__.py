"""The command `casual-llm`."""
