"""What the log says of a call: one line a published change, with the call's id."""

import structlog

from calltrackd.model.call import CallRecord, Step

_log = structlog.get_logger(__name__)


def tell(record: CallRecord, step: Step) -> None:
    """Log a change that was committed."""
    shown = {
        "pbx": record.pbx,
        "did": record.did,
        "caller": record.caller or "hidden",
        "source": record.source.source,
        "queue": record.queue,
        "operators": ",".join(record.operators) or None,
        "outcome": record.outcome if record.outcome != "in_progress" else None,
        "talk_s": round(record.talk_s, 1) or None,
        "tags": ",".join(tag.name for tag in record.tags) or None,
        "certainty": record.certainty if record.certainty != "live" else None,
    }
    _log.info(
        f"call.{step}",
        call=record.id,
        **{name: value for name, value in shown.items() if value is not None},
    )
