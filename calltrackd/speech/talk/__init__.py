"""Who speaks when: from the two sides' energy, never from words, so it needs no language."""
