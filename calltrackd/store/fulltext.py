"""The words of transcripts: FTS5 on SQLite, tsvector on PostgreSQL, one question for both.

The index holds words as its user spells them (forms and lemmas, no order): it finds candidates,
which their reader looks through. Both languages of queries get words in quotes, so that no word of
a person's means something there.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.terms import EveryTerm, SomeTerm, Term, Terms

_WRITE = {
    "sqlite": text("INSERT INTO transcript_terms (rowid, terms) VALUES (:id, :terms)"),
    "postgresql": text(
        "INSERT INTO transcript_terms (id, terms)"
        " VALUES (:id, array_to_tsvector(string_to_array(:terms, ' ')))"
    ),
}
_CLEAR = {
    "sqlite": text("DELETE FROM transcript_terms WHERE rowid = :id"),
    "postgresql": text("DELETE FROM transcript_terms WHERE id = :id"),
}
_FOUND = {
    "sqlite": "id IN (SELECT rowid FROM transcript_terms WHERE transcript_terms MATCH :terms)",
    "postgresql": (
        "id IN (SELECT id FROM transcript_terms WHERE terms @@ CAST(:terms AS tsquery))"
    ),
}
_JOINTS = {"sqlite": (" AND ", " OR "), "postgresql": (" & ", " | ")}


async def write(conn: AsyncConnection, transcript_id: int, words: Collection[str]) -> None:
    """The words of one transcript, in place of those that the index had of it."""
    database = conn.dialect.name
    await conn.execute(_CLEAR[database], {"id": transcript_id})
    terms = " ".join(sorted(set(words) - {""}))
    await conn.execute(_WRITE[database], {"id": transcript_id, "terms": terms})


def having(database: str, terms: Terms) -> TextClause:
    """The condition on `transcripts` that its words hold the terms."""
    return text(f"transcripts.{_FOUND[database]}").bindparams(terms=query(database, terms))


async def forget_thoroughly(conn: AsyncConnection) -> None:
    """Rewrite SQLite's index, which else keeps deleted words in old segments for a while."""
    if conn.dialect.name == "sqlite":
        await conn.execute(
            text("INSERT INTO transcript_terms (transcript_terms) VALUES ('optimize')")
        )


def query(database: str, terms: Terms) -> str:
    """The terms in the database's own language of queries.

    >>> query("sqlite", EveryTerm((Term("верн", True), Term("деньги"))))
    '("верн"* AND "деньги")'
    """
    both, either = _JOINTS[database]
    match terms:
        case EveryTerm(parts=parts):
            return _joined(database, parts, both)
        case SomeTerm(parts=parts):
            return _joined(database, parts, either)
    return _word(database, terms)


def _joined(database: str, parts: Sequence[Terms], joint: str) -> str:
    return f"({joint.join(query(database, part) for part in parts)})"


def _word(database: str, term: Term) -> str:
    if database == "sqlite":
        quoted = term.word.replace('"', '""')
        return f'"{quoted}"{"*" if term.prefix else ""}'
    quoted = term.word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'{':*' if term.prefix else ''}"
