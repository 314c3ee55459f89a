"""`python -m tests.machine.calling`: a client calls over the trunk, phone 101 picks up."""

import asyncio

from tests.lab.traffic import Plan, Traffic, repeated

SIP, PHONES = 5060, 5080


async def main() -> None:
    """Two calls of a second and a half; AssertionError when one was not picked up."""
    async with Traffic(SIP, PHONES, {"101": "127.0.0.90"}) as traffic:
        await traffic.run(repeated([Plan("74950000001", "101", ring=0.5, talk=1.5)]), 1.0, 2.0)
        await traffic.settled()
    assert [attempt.code for attempt in traffic.attempts.values()] == [200, 200]


if __name__ == "__main__":
    asyncio.run(main())
