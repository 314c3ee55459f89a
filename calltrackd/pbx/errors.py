"""What can go wrong between us and a PBX, grouped by who can act.

LinkError
    LoginRefusedError    the admin: user or secret are wrong; never tried again by itself
    LinkDownError        time: there is no link now, or it was lost before the answer came
        HalfOpenError    ... the other end went silent without closing
    ActionTimeoutError   nobody: the PBX did not answer in time; it may have obeyed
    ActionRefusedError   the caller of an action: the PBX said why
"""


class LinkError(Exception):
    """Base of all of these."""


class LoginRefusedError(LinkError):
    """The PBX does not know this user or secret. A retry would only wake fail2ban."""


class LinkDownError(LinkError):
    """No link. An action that was under way may have been carried out; it is never sent again."""


class HalfOpenError(LinkDownError):
    """A ping was not answered: the link was lost at the last byte, not now."""


class ActionTimeoutError(LinkError):
    """No answer, or no next item of a list, within the time for it."""


class ActionRefusedError(LinkError):
    """The PBX answered `Response: Error`. `message`: its reason, in its words."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"{action}: {message}")
        self.action = action
        self.message = message
