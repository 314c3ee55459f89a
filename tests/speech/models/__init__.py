"""Models: listed, fetched, checked."""
