"""A query of our own, between a question and SQL: its nodes, and how it is printed and lowered."""
