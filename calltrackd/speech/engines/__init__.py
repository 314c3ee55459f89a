"""Engines: each opens sessions, one a side of a call, that turn PCM into words."""
