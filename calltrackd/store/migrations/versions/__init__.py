"""The revisions, one file each; a new one is also named in `schema.REVISIONS`."""
