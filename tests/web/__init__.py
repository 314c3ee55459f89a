"""The local port."""
