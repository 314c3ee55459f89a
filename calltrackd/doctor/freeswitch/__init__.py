"""What the doctor asks a FreeSWITCH, and what it makes of the answers."""
