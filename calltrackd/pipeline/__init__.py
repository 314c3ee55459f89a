"""The street every event walks: bytes, frames, channel events, changes, one transaction."""
