"""The doctor: what PBX, settings and machine would hide from us, and the line that mends it."""
