"""Temporal: the connection to it, and an embedded development server."""
