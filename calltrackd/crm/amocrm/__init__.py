"""amoCRM and Kommo, by their API v4."""
