"""The composition root: builds the parts from the settings, runs them, stops them in order."""
