"""What the CRMs are owed: rows made from changed calls, delivered in order, losing nothing."""
