"""Who becomes a lead, and whose client a caller is: the same rules for every CRM (pure)."""
