"""Bitrix24: the call card, telephony statistics, leads, recordings, and deals back.

Sources: the portal's REST documentation (apidocs.bitrix24.com), read in August 2026.
"""
