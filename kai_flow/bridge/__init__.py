"""The bridge: relays the events of sessions to any number of subscribers and into workflows.

It needs asyncio and a Temporal client, and no web framework. `kai_flow.web` is the Litestar app
around it; any other framework can serve a hub in the same way.
"""
