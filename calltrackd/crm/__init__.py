"""Delivery: the outbox dispatcher and one folder a connector."""
