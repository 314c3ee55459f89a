"""The plots that a FreeSWITCH can play: what phones do alone is the same plot as at Asterisk."""

from collections.abc import Callable
from functools import partial

from tests.lab import scenarios as _scenarios  # noqa: F401 - registers them
from tests.lab.stage import SCENARIOS, Plot, Scenario, scenario

SHARED = (
    "answered_client_hangs", "answered_operator_hangs", "no_answer", "busy", "unavailable",
    "declined", "abandoned_ringing", "instant_hangup", "cancel_answer_race", "hold_unhold",
    "hold_abandon", "voicemail", "menu_choice", "menu_abandon", "local_channel", "anonymous",
    "name_utf8", "interleaved",
    "queue_answered", "queue_abandon", "queue_first_times_out", "queue_first_busy",
    "queue_all_ring", "queue_local_members", "queue_transfer", "announcement_then_queue",
    "ring_group", "ring_group_abandon",
    "pickup", "park_retrieve", "park_timeout", "park_abandon", "refer_unanswered",
    "transfer_to_queue", "transfer_to_outside", "attended_refer", "blind_refer", "redirect_302",
    "conference", "conference_two_clients", "two_calls_of_one_caller", "early_media",
    "late_attach_talking", "late_attach_ringing", "late_attach_queue",
    "tag_keys", "keys_fast_and_long", "both_sides_dtmf", "sip_info_dtmf",
    "outbound_answered", "outbound_busy", "outbound_no_answer", "outbound_early_media",
    "outbound_trunk_failover", "internal",
    "link_cut_talking", "link_cut_ended_unseen", "link_cut_answered_unseen",
    "z_restart", "z_kill9",
)  # fmt: skip

PLOTS: dict[str, Scenario] = {name: SCENARIOS[name] for name in SHARED}

freeswitch: Callable[..., Callable[[Plot], Plot]] = partial(scenario, among=PLOTS)
"""Registers a plot of FreeSWITCH's own."""
