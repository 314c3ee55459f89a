"""README's five minutes, done on a whole Debian with systemd as process 1."""
