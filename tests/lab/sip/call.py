"""One SIP dialog of a phone, with its sound."""

import asyncio
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.lab.sip.message import Message, branch, tag, token, uri, user
from tests.lab.sip.rtp import RtpStream

if TYPE_CHECKING:
    from tests.lab.sip.phone import Phone

AGENT = "Allow: INVITE,ACK,CANCEL,BYE,REFER,NOTIFY,INFO,OPTIONS\r\n"
KEY_MS = 120
REASONS = {180: "Ringing", 183: "Session Progress", 486: "Busy Here", 603: "Decline",
           503: "Service Unavailable", 302: "Moved Temporarily"}  # fmt: skip


class Call:
    """A call of a phone: what the person at it can do, and what came of it.

    `state`: new, ringing, calling, up, over. `code`: the final status of an outgoing call.
    """

    def __init__(self, phone: "Phone") -> None:
        self.phone = phone
        self.id = token(16)
        self.state = "new"
        self.code = 0
        self.local_tag, self.remote_tag = token(8), ""
        self.local, self.remote, self.target = "", "", ""
        self.sequence = secrets.randbelow(1000) + 1
        self.invite: Message | None = None
        self.invite_branch, self.invite_sequence = "", 0
        self.direction = "sendrecv"
        self.notified: list[str] = []
        self.answered, self.ended = asyncio.Event(), asyncio.Event()
        self.rtp = RtpStream(phone.voice, phone.ear, self._key_heard)
        self._port = 0

    # -- what the person does

    def ring(self) -> None:
        """180."""
        self._provisional(180, "")
        self.note("ringing")

    async def early(self) -> None:
        """183 with sound before the answer."""
        await self.open_sound()
        self._take_sdp(self._invitation.body)
        self._provisional(183, self.sdp())
        self.note("early")
        self.rtp.start()

    async def answer(self) -> bool:
        """200; False when the call was cancelled before."""
        if self.state == "over":
            return False
        await self.open_sound()
        self._take_sdp(self._invitation.body)
        self.phone.respond(self._invitation, 200, "OK", self.local_tag, self.sdp())
        self._is_up("answered")
        return True

    def reject(self, code: int = 486) -> None:
        """486 busy, 603 declined, 503 unavailable ..."""
        self._refuse(code, "")

    def redirect(self, number: str) -> None:
        """302 to another number of the PBX."""
        host, port = self.phone.pbx
        self._refuse(302, f"Contact: <sip:{number}@{host}:{port}>\r\n")

    def cancel(self) -> None:
        """CANCEL of an outgoing call that was not answered."""
        self.note("cancel_sent")
        head = self.headers("CANCEL", self.invite_branch, self.invite_sequence, self.remote)
        self.phone.send(f"CANCEL {self.request_uri} SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n")

    async def bye(self) -> None:
        """BYE, unless the other side was quicker."""
        if self.state != "up":
            return
        self.state = "leaving"
        self.note("bye_sent")
        try:
            await self.request("BYE", patience=5)
        except TimeoutError:
            self.note("bye_unanswered")
        self.finish()

    async def hold(self) -> None:
        """Re-INVITE with sendonly: the other side hears the PBX's music."""
        self.note("hold")
        self.rtp.muted = True
        await self._reinvite("sendonly")

    async def unhold(self) -> None:
        """Takes the other side back."""
        await self._reinvite("sendrecv")
        self.rtp.muted = False
        self.note("unhold")

    async def refer(self, number: str, replaces: "Call | None" = None) -> int:
        """REFER to a number, or (`replaces`) to this phone's other call; returns the status."""
        host, port = self.phone.pbx
        to = f"sip:{number}@{host}:{port}"
        if replaces is not None:
            tags = f"to-tag={replaces.remote_tag};from-tag={replaces.local_tag}"
            to += "?Replaces=" + quote(f"{replaces.id};{tags}")
        self.note("refer", to=number, replaces=replaces.id if replaces else "")
        headers = f"Refer-To: <{to}>\r\nReferred-By: {self.local}\r\n"
        return (await self.request("REFER", headers)).code

    async def press(
        self, keys: str, milliseconds: int = KEY_MS, gap: float = 0.2, feature: bool = False
    ) -> None:
        """Presses keys one after another, each for `milliseconds`, `gap` seconds between.

        `feature`: these are the code of a consultation: the client is on hold from the last on.
        """
        for key in keys:
            at = await self.rtp.press(key, milliseconds)
            self.note("digit_out", at=at, digit=key)
            await asyncio.sleep(milliseconds / 1000 + 0.16 + gap)
        if feature:
            self.note("hold", at=at + milliseconds / 1000)

    async def press_info(self, key: str, milliseconds: int = KEY_MS) -> None:
        """A key press that travels in the signalling (SIP INFO)."""
        self.note("digit_out", digit=key)
        body = f"Signal={key}\r\nDuration={milliseconds}\r\n"
        await self.request("INFO", "Content-Type: application/dtmf-relay\r\n", body)

    async def until_up(self, patience: float = 30) -> None:
        """Waits for the answer of an outgoing call."""
        await asyncio.wait_for(self.answered.wait(), patience)

    async def until_over(self, patience: float = 60) -> None:
        """Waits for the end."""
        await asyncio.wait_for(self.ended.wait(), patience)

    # -- what comes in

    def invited(self, message: Message) -> None:
        """The INVITE that begins this call."""
        self.id, self.invite = message.get("call-id"), message
        self.remote_tag = tag(message.get("from"))
        self.local = message.get("to").split(";")[0]
        self.remote = re.sub(r";tag=[^;]+", "", message.get("from"))
        self.target = uri(message.get("contact"))
        self.note("invite_in", shown=user(self.remote))

    def request_in(self, message: Message) -> None:
        """A later request within the call; the phone has answered all but INVITE and CANCEL."""
        match message.method:
            case "INVITE":
                self._take_sdp(message.body)
                self.phone.respond(message, 200, "OK", self.local_tag, self.sdp())
            case "CANCEL":
                self._cancelled()
            case "BYE":
                self.note("bye_in")
                self.finish()
            case "NOTIFY":
                self.notified.append(message.body.strip())

    def provisional(self, message: Message) -> None:
        """100-199 to our INVITE."""
        if message.code > 100:
            self.note("progress", code=message.code)
            if message.body:
                self._take_sdp(message.body)
                self.rtp.start()

    def confirmed(self, message: Message) -> None:
        """The final answer to our first INVITE."""
        self.code = message.code
        if message.code >= 300:
            self.note("final", code=message.code)
            self.finish()
            return
        self._take_sdp(message.body)
        self.acknowledge(message)
        self._is_up("up")

    def learn(self, message: Message) -> None:
        """Takes the far end's tag and contact from a response."""
        if self.state != "up" and tag(message.get("to")):
            self.remote_tag = tag(message.get("to"))
        if message.method == "INVITE" and message.code >= 180 and message.get("contact"):
            self.target = uri(message.get("contact"))

    def finish(self) -> None:
        """The call is over."""
        if self.state == "over":
            return
        self.state = "over"
        self.note("over")
        if self._port:
            self.rtp.close()
        for stretch in self.rtp.hearing.stretches:
            self.note("heard", at=stretch.start, who=stretch.who, until=stretch.end)
        self.ended.set()
        self.answered.set()

    # -- machinery

    def note(self, what: str, at: float | None = None, **detail: Any) -> None:
        """Writes into the diary."""
        self.phone.diary.write(self.phone.name, what, self.id, at, **detail)

    async def open_sound(self) -> None:
        """Opens the RTP socket, once."""
        if not self._port:
            self._port = await self.rtp.open(self.phone.ip)

    def sdp(self) -> str:
        """Our side of the session."""
        ip, version = self.phone.ip, int(time.time() * 1000) & 0x7FFFFFFF
        return (
            f"v=0\r\no=- 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
            f"m=audio {self._port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
            f"a={self.direction}\r\n"
        )

    def headers(self, method: str, via: str, sequence: int, to: str | None = None) -> str:
        """Header lines of a request of ours."""
        phone = self.phone
        with_tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        return (
            f"Via: SIP/2.0/UDP {phone.ip}:{phone.port};branch={via};rport\r\nMax-Forwards: 70\r\n"
            f"From: {self.local};tag={self.local_tag}\r\nTo: {to or self.remote + with_tag}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {sequence} {method}\r\n"
            f"Contact: <sip:{phone.user}@{phone.ip}:{phone.port}>\r\n{AGENT}"
        )

    async def request(
        self, method: str, extra: str = "", body: str = "", patience: float = 20
    ) -> Message:
        """Sends a request within the call; returns its final response."""
        self.sequence += 1
        via = branch()
        head = self.headers(method, via, self.sequence) + extra
        text = f"{method} {self.target} SIP/2.0\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}"
        return await self.phone.transact(self, (via, method), text, patience)

    def acknowledge(self, response: Message) -> None:
        """ACK of a 2xx."""
        sequence = int(response.get("cseq").split()[0])
        head = self.headers("ACK", branch(), sequence)
        self.phone.send(f"ACK {self.target} SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n")

    @property
    def request_uri(self) -> str:
        """The address that an outgoing call dialled."""
        return uri(self.remote)

    @property
    def _invitation(self) -> Message:
        assert self.invite is not None, "an outgoing call has nothing to answer"
        return self.invite

    def _provisional(self, code: int, body: str) -> None:
        self.phone.respond(self._invitation, code, REASONS[code], self.local_tag, body)
        self.state = "ringing"

    def _refuse(self, code: int, extra: str) -> None:
        reason = REASONS.get(code, "Rejected")
        self.phone.respond(self._invitation, code, reason, self.local_tag, "", extra)
        self.note("rejected", code=code)
        self.finish()

    def _cancelled(self) -> None:
        if self.state in ("new", "ringing"):
            self.note("cancelled")
            self.phone.respond(self._invitation, 487, "Request Terminated", self.local_tag)
            self.finish()

    def _is_up(self, what: str) -> None:
        self.state = "up"
        self.note(what)
        self.rtp.start()
        self.answered.set()

    async def _reinvite(self, direction: str) -> None:
        self.direction = direction
        answer = await self.request("INVITE", "Content-Type: application/sdp\r\n", self.sdp())
        if answer.code == 200:
            self._take_sdp(answer.body)
            self.acknowledge(answer)

    def _take_sdp(self, body: str) -> None:
        ip, port = re.search(r"c=IN IP4 (\S+)", body), re.search(r"m=audio (\d+)", body)
        if ip and port and port.group(1) != "0":
            self.rtp.target = (ip.group(1), int(port.group(1)))
        if keys := re.search(r"a=rtpmap:(\d+) telephone-event", body):
            self.rtp.key_type = int(keys.group(1))

    def _key_heard(self, key: str) -> None:
        self.note("digit_in", digit=key)
