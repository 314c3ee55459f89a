"""Kinds: what a call means to marketing, by the rules of the settings. Pure.

A *contact* is an earlier call with the same client (E.164 equal), on any PBX and number, inbound
or outbound, whatever came of it: who rang off in the queue has called all the same. Internal calls
are none, and a caller who hides is nobody's contact: anonymous calls are never joined.

With P = `repeat_period_days`, told from the starts of the two calls:

- `first`: no earlier contact is known;
- `repeat`: the latest earlier contact lies within P (exactly P days ago is within);
- `returning`: there are earlier contacts, but all lie longer ago;
- `unique`: none lies within P: so every `first` and every `returning` call is unique.

`quality`: answered by a person and either talked for `quality_talk_s` (hold not counted) or marked
with one of `quality_tags`. The admin's own kinds (`[[kinds.rule]]`) follow in their order.
"""

from collections.abc import Iterator, Sequence

from calltrackd.model.call import CallRecord, EarlierCall
from calltrackd.settings import KindRule, Kinds

DAY_S = 86_400


def judge(record: CallRecord, earlier: Sequence[EarlierCall], rules: Kinds) -> list[str]:
    """The kinds of the call as it stands, in a fixed order.

    `earlier`: calls of the same client, in any order; of many only the latest matters. Calls that
    did not start before this one are passed over, so a record judged anew gets the same kinds.
    """
    limits = rules.limits_for(record.did)
    kinds = list(_by_contacts(record, earlier, limits.repeat_period_days * DAY_S))
    if _is_quality(record, limits.quality_talk_s, limits.quality_tags):
        kinds.append("quality")
    return kinds + [rule.name for rule in rules.rule if _holds(rule, record)]


def _by_contacts(
    record: CallRecord, earlier: Sequence[EarlierCall], period_s: float
) -> Iterator[str]:
    if record.caller is None or record.direction == "internal":
        return
    starts = [call.started_at for call in earlier if _before(call, record)]
    if starts and record.started_at - max(starts) <= period_s:
        yield "repeat"
        return
    yield "returning" if starts else "first"
    yield "unique"


def _before(call: EarlierCall, record: CallRecord) -> bool:
    """Calls that start in one instant have no earlier one: none is a repeat of the other."""
    return call.id != record.id and call.started_at < record.started_at


def _is_quality(record: CallRecord, talk_s: float, tags: Sequence[str]) -> bool:
    return record.outcome == "answered" and (record.clean_talk_s >= talk_s or _bears(record, tags))


def _bears(record: CallRecord, tags: Sequence[str]) -> bool:
    return any(tag.name in tags for tag in record.tags)


def _holds(rule: KindRule, record: CallRecord) -> bool:
    return (
        record.direction in rule.directions
        and (not rule.numbers or record.did in rule.numbers)
        and (not rule.outcomes or record.outcome in rule.outcomes)
        and record.clean_talk_s >= rule.talk_s
        and (not rule.tags or _bears(record, rule.tags))
    )
