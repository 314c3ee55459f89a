"""Tags of calls. A removed tag stays as removed, so that no replayed change brings it back."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import Tag, TagSource
from calltrackd.store import dialect
from calltrackd.store.tables import tags

_STANDING = (
    select(tags)
    .where(tags.c.call_id.in_(bindparam("ids", expanding=True)), tags.c.removed_at.is_(None))
    .order_by(tags.c.call_id, tags.c.at, tags.c.name)
)
Author = tuple[TagSource, str | None]
"""What kind of thing set a tag, and who."""

_KEY = (tags.c.call_id, tags.c.at, tags.c.name, tags.c.source)


def _row(call_id: str, tag: Tag) -> dict[str, object]:
    return {
        "call_id": call_id,
        "at": tag.at,
        "name": tag.name,
        "source": tag.source,
        "by": tag.by,
        "evidence": msgspec.json.encode(tag.evidence).decode(),
        "removed_at": None,
    }


_ONCE: frozenset[TagSource] = frozenset({"phrase", "rule"})
"""Sources that judge a call again and again (live, from the recording, after a change of rules), at
slightly different moments: they set a name once a call."""


async def add(conn: AsyncConnection, found: Sequence[tuple[str, Tag]]) -> set[str]:
    """Add tags, given as (call id, tag). Returns the ids of calls to which something was new.

    The same tag of the same source and moment is the same tag: it is not added again, not even
    after its removal; of words and rules the same name is, whatever its moment. The calls must be
    there when the transaction commits.
    """
    rows = [_row(call_id, tag) for call_id, tag in await _not_known(conn, found)]
    if not rows:
        return set()
    added = await conn.execute(dialect.add_missing(conn.dialect.name, tags).returning(*_KEY), rows)
    return {row.call_id for row in added}


async def _not_known(
    conn: AsyncConnection, found: Sequence[tuple[str, Tag]]
) -> list[tuple[str, Tag]]:
    """Without tags of words and rules that their calls have, or had until they were removed."""
    judged = {call_id for call_id, tag in found if tag.source in _ONCE}
    if not judged:
        return list(found)
    seen = set()
    for part in dialect.parts(sorted(judged)):
        query = select(tags.c.call_id, tags.c.name, tags.c.source)
        seen |= {tuple(row) for row in await conn.execute(query.where(tags.c.call_id.in_(part)))}
    new = []
    for call_id, tag in found:
        key = (call_id, tag.name, tag.source)
        if tag.source not in _ONCE or key not in seen:
            new.append((call_id, tag))
            seen.add(key)
    return new


async def ever(conn: AsyncConnection, call_id: str, source: TagSource) -> set[str]:
    """The names that a source has set on a call, those removed since included."""
    query = select(tags.c.name).where(tags.c.call_id == call_id, tags.c.source == source)
    return set((await conn.execute(query)).scalars())


async def take_back(
    conn: AsyncConnection, call_id: str, source: TagSource, names: Collection[str]
) -> set[str]:
    """Delete standing tags of a source that judges anew; returns the names that were there.

    Unlike `remove` it leaves no trace: the same source may set them again.
    """
    these = tags.c.call_id == call_id, tags.c.source == source, tags.c.name.in_(names)
    gone = delete(tags).where(*these, tags.c.removed_at.is_(None)).returning(tags.c.name)
    return set((await conn.execute(gone)).scalars())


async def remove(
    conn: AsyncConnection, call_id: str, name: str, at: float, *, set_by: Author | None = None
) -> bool:
    """Remove the tag `name` as it stood at `at` (unix seconds). True when there was one.

    `set_by`: only where this author set it; None: whoever did. Tags set after `at` stay: a removal
    that is replayed must not touch what came later.
    """
    standing = (
        update(tags)
        .where(tags.c.call_id == call_id, tags.c.name == name)
        .where(tags.c.at <= at, tags.c.removed_at.is_(None))
    )
    if set_by is not None:
        source, by = set_by
        standing = standing.where(tags.c.source == source, tags.c.by == by)
    done = await conn.execute(standing.values(removed_at=at))
    return done.rowcount > 0


def _tag(row: Row[tuple[object, ...]]) -> Tag:
    return Tag(
        name=row.name,
        source=row.source,
        by=row.by,
        at=row.at,
        evidence=msgspec.json.decode(row.evidence),
    )


async def of_calls(conn: AsyncConnection, call_ids: Collection[str]) -> dict[str, list[Tag]]:
    """The standing tags of many calls, oldest first; a call without tags is not a key."""
    found: dict[str, list[Tag]] = {}
    for part in dialect.parts(call_ids):
        for row in await conn.execute(_STANDING, {"ids": part}):
            found.setdefault(row.call_id, []).append(_tag(row))
    return found
