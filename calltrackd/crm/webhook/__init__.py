"""The generic connector: one signed HTTP request an event (Standard Webhooks)."""
