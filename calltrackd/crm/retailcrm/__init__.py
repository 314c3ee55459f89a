"""RetailCRM (Simla), API v5: cards and calls of its telephony, orders for leads.

Calls and orders bear the call's id as external id: the same again is refused or told as a double.
"""
