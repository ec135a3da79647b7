"""The kinds of question, one module for each."""
