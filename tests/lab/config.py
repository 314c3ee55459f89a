"""Asterisk's configuration, filled in from the templates in conf/."""

import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Literal

from tests.lab.packages import Tree

TEMPLATES = Path(__file__).parent / "conf"
DIALPLAN = Path(__file__).parents[2] / "dialplan/asterisk"
Driver = Literal["PJSIP", "SIP"]
"""What speaks SIP in Asterisk; chan_sip is there until 20."""
OPERATORS = tuple(str(number) for number in range(101, 111))
DIRECT_OPERATORS = ("121", "122")


@dataclass(frozen=True)
class Ports:
    """Where one PBX listens on 127.0.0.1; `phone` is the port of every phone's own address."""

    ami: int
    ami_tls: int
    sip: int
    phone: int
    rtp_first: int
    rtp_last: int

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nothing uses now."""
        first = 10_000 + 1000 * SystemRandom().randrange(20)  # Asterisk skips what is taken
        return cls(
            ami=_free(socket.SOCK_STREAM),
            ami_tls=_free(socket.SOCK_STREAM),
            sip=_free(socket.SOCK_DGRAM),
            phone=_free(socket.SOCK_DGRAM),
            rtp_first=first,
            rtp_last=first + 998,
        )


def write(folder: Path, tree: Tree, version: int, ports: Ports, driver: Driver = "PJSIP") -> None:
    """Lays out `folder` as Asterisk's home: etc, data, spool, log, run."""
    for name in ("etc", "lib", "data/sounds", "spool", "run", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shared = tree.root / "usr/share/asterisk"
    for source in shared.iterdir():
        if source.name != "sounds":
            _link(folder / "data" / source.name, source)
    _link(folder / "data/sounds/en", shared / "sounds/en_US_f_Allison")  # alternatives: not run
    values = {
        "RUN": folder, "MODULES": tree.modules, "DIALPLAN": DIALPLAN, "VERSION": version,
        "AMI": ports.ami, "AMI_TLS": ports.ami_tls, "SIP": ports.sip, "PHONE": ports.phone,
        "RTP_FIRST": ports.rtp_first, "RTP_LAST": ports.rtp_last,
        "TLS": "yes" if _certificate(folder / "etc") else "no",
        "OPERATORS": "\n".join(
            [_operator(n, ports.phone) for n in OPERATORS]
            + [_operator(n, ports.phone, "direct_media=yes\n") for n in DIRECT_OPERATORS]
        ),
        "PEERS": "\n".join(_peer(n, ports.phone) for n in OPERATORS),
        "ABSENT": "chan_sip" if driver == "PJSIP" else "res_pjsip",
    }  # fmt: skip
    for template in TEMPLATES.glob("*.conf"):
        text = template.read_text()
        for name in ("OPERATORS", *values):
            text = text.replace(f"@{name}@", str(values[name]))
        if driver == "SIP":
            text = _for_chan_sip(text)
        (folder / "etc" / template.name).write_text(text)


def _operator(number: str, port: int, extra: str = "") -> str:
    ip = operator_ip(number)
    return (
        f"[{number}](operator)\naors={number}\ncallerid=Operator {number} <{number}>\n"
        f"mailboxes={number}@default\n{extra}[{number}]\ntype=aor\n"
        f"contact=sip:{number}@{ip}:{port}\n[{number}]\ntype=identify\n"
        f"endpoint={number}\nmatch={ip}\n"
    )


def _for_chan_sip(text: str) -> str:
    """It writes a number behind a trunk the other way round."""
    text = re.sub(r"PJSIP/(\$\{[^}]+\})@(\w+)", r"SIP/\2/\1", text)
    return text.replace("PJSIP/", "SIP/")


def _peer(number: str, port: int) -> str:
    """The same for chan_sip."""
    return (
        f"[{number}](operator)\nhost={operator_ip(number)}\nport={port}\n"
        f"callerid=Operator {number} <{number}>\nmailbox={number}@default\n"
    )


def operator_ip(number: str) -> str:
    """Every operator has an address of its own, which is how the PBX knows it."""
    return f"127.0.0.{number}"


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _free(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> bool:
    """A self-signed certificate for AMI over TLS; False where the machine has no openssl."""
    if (folder / "cert.pem").exists():
        return True
    tool = shutil.which("openssl")
    if tool is None:
        return False
    subprocess.run(
        [tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return True
