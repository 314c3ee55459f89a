"""The local port: health, readiness, metrics."""
