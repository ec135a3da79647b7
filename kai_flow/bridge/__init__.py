"""The bridge: relays a session's events to any number of subscribers and into its workflow.

asyncio and the Temporal client, no web framework: `api` mounts it in Litestar, anybody else can
mount it elsewhere.
"""
