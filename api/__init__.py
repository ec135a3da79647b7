"""The bridge's web face: a thin Litestar app over `kai_flow.bridge`."""
