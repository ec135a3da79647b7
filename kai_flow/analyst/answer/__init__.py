"""The answer in the language of the question: words, numbers, charts, insights, suggestions."""
