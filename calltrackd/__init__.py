"""One true record a call, from the PBX to the CRM."""

__version__ = "0.1.0"
