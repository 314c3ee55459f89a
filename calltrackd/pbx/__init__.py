"""What a PBX says, turned into channel events: wire codecs, translation, link, journal."""
