"""Vosk's models: what is in a folder, which ones there are, how they come here."""
