"""KAI Flow: stream what a long-running agent does from inside a Temporal activity."""

__version__ = "0.1.0"
