"""The vocabulary that every floor speaks; imports nothing of ours."""
