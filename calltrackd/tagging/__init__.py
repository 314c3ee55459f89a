"""Tags from phone keys (and, later, from words): pure rules."""
