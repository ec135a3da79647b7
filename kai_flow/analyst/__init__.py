"""Question → SQL → answer, without Temporal, HTTP, or a schema other than the scanned one.

The agent is `kai_flow.analyst.agent.Analyst`. It is not imported here: the command line uses the
engines and the data model, which need no agent.
"""
