"""Questions that tempt the analyst to answer another one, and the schemas they are asked of."""
