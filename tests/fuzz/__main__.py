"""Send mutations of valid inputs to all that reads bytes of a stranger: `just fuzz`.

First the readers themselves, then the routes of a real bridge with keys and tokens. Counts are
printed; the first defect ends the run with exit code 1, with the input and the seed.
"""

import argparse
import asyncio
import logging
import sys
import time
import traceback
from collections import Counter
from random import Random
from urllib.parse import quote

import httpx

from kai_flow.settings import Settings
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.signing_keys import read_keys
from kai_flow.temporal.client import connect
from kai_flow.temporal.dev_server import dev_server
from kai_flow.web.server import running_bridge
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import SECRET, Target, targets
from tests.issuing import KEYS, token

KINDS = ("POST", "POST, signed", "stream")
ALLOWED = {200, 204, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431, 503}


def main() -> int:
    """Fuzz for the time that is asked for; 1 if there was a defect."""
    parser = argparse.ArgumentParser(
        prog="just fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="N", help="for all; default: 60"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="of the random numbers; default: the time"
    )
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # a refusal is what is expected
    seed = int(time.time()) if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)
    everything = targets()
    share = asked.seconds / (2 * len(everything))
    for target in everything:
        if not readers(target, share, Random(f"{seed} {target.name}")):
            return 1
    return 0 if asyncio.run(routes(asked.seconds / 2, Random(seed))) else 1


def readers(target: Target, seconds: float, random: Random) -> bool:
    """Fuzz one target, and print how many inputs it accepted and refused; False at a defect."""
    counts: Counter[bool] = Counter()
    slowest = 0.0
    began = time.perf_counter()
    while (at := time.perf_counter()) - began < seconds:
        data = mutated(random.choice(target.seeds), list(target.seeds), random)
        try:
            counts[target.read(data)] += 1
        except Exception:  # noqa: BLE001  that is what is looked for
            traceback.print_exc()
            print(f"{target.name}: a defect with {data!r}")
            return False
        slowest = max(slowest, time.perf_counter() - at)
    print(
        f"{target.name}: {sum(counts.values()):,} inputs, {counts[True]:,} accepted, "
        f"{counts[False]:,} refused; the slowest took {1_000 * slowest:.1f} ms",
        flush=True,
    )
    return True


async def routes(seconds: float, random: Random) -> bool:
    """Fuzz the routes of a real bridge, and print the counts of statuses; False at a defect."""
    settings = Settings(bridge_port=0, signing_keys=read_keys(SECRET), token_keys=KEYS)
    statuses: dict[str, Counter[object]] = {kind: Counter() for kind in KINDS}
    seeds = {target.name: list(target.seeds) for target in targets()}
    async with (
        dev_server(stop_seconds=0) as server,
        running_bridge(settings, await connect(server.address)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http,
    ):
        ends = time.monotonic() + seconds
        sound = True
        while sound and time.monotonic() < ends:
            kind = random.choice(KINDS)
            request = _request(kind, seeds, http, random)
            if request is None:
                continue
            try:
                answer = await http.send(request)
            except httpx.LocalProtocolError:  # it cannot be written as HTTP
                continue
            except httpx.RemoteProtocolError:
                statuses[kind]["reset"] += 1
                continue
            statuses[kind][answer.status_code] += 1
            sound = answer.status_code in ALLOWED
            if not sound:
                print(f"{kind}: a defect, {answer.status_code} for {request!r} {request.content!r}")
    for kind, counts in statuses.items():
        shown = ", ".join(f"{count:,} × {status}" for status, count in counts.most_common())
        print(f"{kind}: {sum(counts.values()):,} requests: {shown}", flush=True)
    await asyncio.sleep(0.05)  # Temporal can crash at exit without this pause (sdk-python#300)
    return sound


def _request(
    kind: str, seeds: dict[str, list[bytes]], http: httpx.AsyncClient, random: Random
) -> httpx.Request | None:
    """A request of that kind; None: it cannot be written as HTTP."""
    try:
        if kind == "stream":
            cursor = mutated(random.choice(seeds["cursor"]), seeds["cursor"], random)
            given = token("a", seconds=60)
            if random.random() < 0.5:
                given = mutated(given.encode(), [given.encode()], random).decode("latin-1")
            query = {"wait": "false", "last_event_id": cursor.decode("latin-1")}
            where: dict[str, dict[str, str]] = random.choice(
                [
                    {"headers": {"Authorization": f"Bearer {given}"}, "params": query},
                    {"params": query | {"token": given}},
                ]
            )
            return http.build_request("GET", f"/stream/{random.choice(('a', 'b'))}", **where)  # type: ignore[arg-type]
        documents = seeds["POST"] + seeds["list"]
        body = mutated(random.choice(documents), documents, random)
        head = {"Content-Type": "application/json"}
        if kind == "POST, signed":
            message_id = f"msg_{random.getrandbits(128):032x}"
            head |= SigningKeys([SECRET]).sign_post(message_id, time.time(), body)
        session = quote(random.choice(("a", "a", "a/b", "é", "x" * 1_001)), safe="")
        return http.build_request("POST", f"/events/{session}", content=body, headers=head)
    except (UnicodeError, httpx.InvalidURL, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(main())
