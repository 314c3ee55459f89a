"""Where a call came from: number entries and the first source of a client."""
