"""What comes back from CRMs: deals by webhook and by poll, and who is responsible for whom."""
