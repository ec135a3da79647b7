"""Stored database connections: values, encryption, the store, what may be read, the demo."""
