"""The bridge as a Litestar app: routes, limits and refusals over `kai_flow.bridge`."""
