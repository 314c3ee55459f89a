"""From the number dialled to its advertising."""

from calltrackd.model.call import Source
from calltrackd.settings import Number
from calltrackd.sources.numbers import Sources

SOURCES = Sources(
    [
        Number.model_validate(
            {
                "did": "8 495 000-00-01", "medium": "cpc", "source": "google", "campaign": "spring",
                "term": "lift", "content": "banner", "landing": "https://shop.example",
                "cost_group": "google", "click_ids": {"gclid": "x"},
            }
        ),
        Number(did="+74950000002"),
    ]
)  # fmt: skip


def test_a_tracking_number_gives_its_whole_entry() -> None:
    """Every key of the entry reaches the record."""
    assert SOURCES.of("+74950000001") == Source(
        medium="cpc", source="google", campaign="spring", term="lift", content="banner",
        landing="https://shop.example", cost_group="google", click_ids={"gclid": "x"},
    )  # fmt: skip


def test_a_number_that_is_not_listed_has_no_source() -> None:
    """Neither has a call whose number nobody told."""
    assert SOURCES.of("+74959999999") == Source()
    assert SOURCES.of(None) == Source()


def test_listed_numbers_are_tracked_whatever_is_known_of_them() -> None:
    """A bare did is enough."""
    assert SOURCES.tracked == {"+74950000001", "+74950000002"}
    assert SOURCES.of("+74950000002") == Source()


def test_every_field_of_a_source_can_be_set_by_a_number() -> None:
    """Record and settings speak of the same things."""
    assert set(Number.model_fields) - {"did"} == set(Source.__struct_fields__)
