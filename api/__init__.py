"""The deployment of the bridge from a checkout. Installed, it is `kai bridge`."""
