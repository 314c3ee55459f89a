"""Engines, the child processes in which they run, and what must not take the daemon down."""
