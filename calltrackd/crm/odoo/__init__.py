"""Odoo 19 and newer, by its JSON-2 API.

What must not be doubled is written by `load`, Odoo's import, under an external id of the call's
own: the same again is the same record. What `load` can't do (posting a message, marking an activity
as done) is asked for before it is sent again.
"""
