"""The operator's confirmation: one beep for a known sequence, two for an unknown one.

Asterisk (`confirmation`). Measured on 22.10 and 16.28 in the RTP of both sides: the client
hears nothing of any of them, and none counts as a key press.

    playmf    700 + 900 Hz, mixed by Asterisk itself, so every phone plays it; first after 130 ms,
              two 300 ms apart; the operator misses 0.2 s of the client for each
    playdtmf  a key's tone, which the phone itself makes (RFC 4733) or hears (inband); first after
              1 ms, two keys 150 ms apart; a phone that mutes incoming key tones stays silent
    whisper   a sound by ChanSpy over the talk; first after 145 ms; about 50 extra events, two
              helper channels, and the context `calltrackd-tone` in the dialplan (docs/keypad.md)

**PlayDTMF and PlayMF hold up the AMI session that asks for them** while they sound (events behind
them came 79 and 280 ms late): send these actions over a session that reads no events.

FreeSWITCH (`displacement`). Measured on 1.11: `uuid_displace ... mux` mixes the tone over what the
operator hears, after 4 ms; the client and the recording of its leg have none of it.
"""

from typing import Literal

Kind = Literal["playmf", "playdtmf", "whisper", "off"]
Action = tuple[str, dict[str, str]]
"""Name of an AMI action and its fields."""

DURATION_MS = 100
CONTEXT = "calltrackd-tone"


def confirmation(kind: Kind, channel: str, *, known: bool) -> list[Action]:
    """The actions, to be sent in this order, that let only `channel`'s phone hear the tone.

    `channel`: the name of the operator's channel, such as `PJSIP/101-0000002a`.
    """
    match kind:
        case "playmf":
            return [_beep(channel, "PlayMF", "1")] * (1 if known else 2)
        case "playdtmf":
            return [_beep(channel, "PlayDTMF", "A")] * (1 if known else 2)
        case "whisper":
            return [_whisper(channel, known=known)]
        case "off":
            return []


def displacement(uuid: str, *, known: bool) -> str:
    """The API command that lets only the phone of this leg hear the tone: 300 ms, or twice 120."""
    tone = "%(300,0,1200);loops=1" if known else "%(120,120,1200);loops=2"
    return f"uuid_displace {uuid} start tone_stream://{tone} 0 mux"


def _beep(channel: str, action: str, digit: str) -> Action:
    """No `Receive` header: with it (22) a key would count as pressed.

    DTMF's A is in no feature code and no menu: a gateway in place of a phone does nothing with it.
    """
    return action, {"Channel": channel, "Digit": digit, "Duration": str(DURATION_MS)}


def _whisper(channel: str, *, known: bool) -> Action:
    """ChanSpy: q no beep of its own, W speak only, E and S end with the spied channel."""
    fields = {
        "Channel": f"Local/{'known' if known else 'unknown'}@{CONTEXT}",
        "Application": "ChanSpy",
        "Data": f"{channel},qWES",
        "Async": "true",
    }
    return "Originate", fields
