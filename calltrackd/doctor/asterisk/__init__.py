"""What the doctor asks an Asterisk, and what it makes of the answers."""
