"""From words to a query: spans, chart, cover, assembly, decision."""
