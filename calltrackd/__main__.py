"""`python -m calltrackd` is `calltrackd`."""

from calltrackd.cli import main

main()
