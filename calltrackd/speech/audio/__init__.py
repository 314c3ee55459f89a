"""Recordings into samples: found, judged, mended, read in blocks, resampled, followed, muted."""
