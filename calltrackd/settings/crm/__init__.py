"""`[[target]]` of a CRM: what all CRMs have in common, and one file a CRM.

The word under `kind` is the name of the file here and of the connector's folder in
`calltrackd/crm`.
"""

from calltrackd.settings.crm.amocrm import AmocrmTarget
from calltrackd.settings.crm.base import CrmTarget
from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from calltrackd.settings.crm.espocrm import EspocrmTarget
from calltrackd.settings.crm.hubspot import HubspotTarget
from calltrackd.settings.crm.leads import LeadRules
from calltrackd.settings.crm.odoo import OdooTarget
from calltrackd.settings.crm.retailcrm import RetailcrmTarget

AnyCrm = (
    AmocrmTarget | Bitrix24Target | EspocrmTarget | HubspotTarget | OdooTarget | RetailcrmTarget
)

__all__ = [
    "AmocrmTarget",
    "AnyCrm",
    "Bitrix24Target",
    "CrmTarget",
    "EspocrmTarget",
    "HubspotTarget",
    "LeadRules",
    "OdooTarget",
    "RetailcrmTarget",
]
