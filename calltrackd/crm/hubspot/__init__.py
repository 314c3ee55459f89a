"""HubSpot, by its CRM API."""
