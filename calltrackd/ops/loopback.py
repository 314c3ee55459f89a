"""Whether what is said to a host stays on this machine."""

import ipaddress

LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


def is_local(host: str) -> bool:
    """True for the loopback's addresses and names; a name of any other host is looked up nowhere.

    >>> is_local("127.8.0.1"), is_local("::1"), is_local("pbx.example.com")
    (True, True, False)
    """
    if host.lower() in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
