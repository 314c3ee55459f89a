"""Channel events in, call records out: the pure heart."""
