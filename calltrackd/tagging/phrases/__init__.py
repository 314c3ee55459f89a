"""Tags by what was said: rules compiled once, matched while the words come."""
