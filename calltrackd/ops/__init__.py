"""Logs, metrics and systemd: how the daemon speaks to those who operate it."""
