"""The first source: what brought the client, kept for all its later calls."""

from calltrackd.model.call import CallRecord, Source
from calltrackd.store.history import FirstCall


def first_source(record: CallRecord, first: FirstCall | None) -> Source | None:
    """The source of the client's first call ever, for the record of a later one.

    `first`: the earliest call known of the client's number, on any PBX and in either direction.
    None when this call is itself the first, when nothing earlier is known (a deleted or expired
    call is not), and for a caller who hides: anonymous calls are never joined. An empty source is
    an answer too: the client came by a number that nobody tracks.
    """
    if record.caller is None or first is None or first.id == record.id:
        return None
    return first.source
