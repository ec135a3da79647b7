"""What the property tests throw at the core: ids, JSON, events, batches, cuts of a stream."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from kai_flow.stream.batches import Batch
from kai_flow.stream.events import NumberedEvent, encode_event
from kai_flow.stream.ids import MAX_NUMBER, EventId
from kai_flow.stream.recorded import Ended, EndStatus, Published, Recorded, Scheduled, Spoken

RUN = "0190b6a2-7e1c-7000-8000-00004f3a9c1e"
OTHER_RUN = "0190b6a2-7e1c-7000-8000-0000deadbeef"

numbers = st.one_of(
    st.integers(0, 4), st.integers(MAX_NUMBER - 2, MAX_NUMBER), st.integers(0, MAX_NUMBER)
)
any_ids = st.builds(EventId, numbers, numbers, numbers)
# Ids close together, so that equal producers, attempts and neighbours are frequent.
near_ids = st.builds(EventId, st.integers(1, 3), st.integers(1, 3), st.integers(0, 14))

# Every plane of Unicode, and the characters that line- and frame-based formats stumble over.
characters = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("\x00\r\n\t\x1f\x7f\x85\ufeff\ufffd\uffff\u2028\u2029é😀\U0010ffff"),
)
texts = st.text(characters, max_size=12)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

# Extra keys that Python's `==` cannot tell apart but JSON can.
lookalikes: st.SearchStrategy[Any] = st.sampled_from(
    [
        *({"n": n} for n in (1, 1.0, True, 0, False, 0.0, -0.0, None, "1", [1], [True])),
        *({}, {"n": {"a": 1}}, {"n": {"a": 1.0}}, {"lang": "id"}),
    ]
)
tokens = st.builds(
    lambda content, extra: {"type": "token", "content": content, **extra}, texts, lookalikes
)
odd_tokens = st.builds(
    lambda content: {"type": "token", **content},
    st.sampled_from([{}, {"content": None}, {"content": 1}, {"content": ["a"]}]),
)
other_events = st.builds(
    lambda kind, extra: {**extra, "type": kind},
    st.sampled_from(["started", "thinking", "tool_start", "Token", "sql_result", "😀"]),
    st.dictionaries(texts.filter(lambda key: key != "type"), json_values, max_size=3),
)
events: st.SearchStrategy[dict[str, Any]] = st.one_of(tokens, tokens, odd_tokens, other_events)


def canonical(value: Any) -> str:
    """JSON text that is equal exactly when two values are equal as JSON; 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def numbered(first: EventId, said: Iterable[object]) -> tuple[NumberedEvent, ...]:
    """Events under consecutive ids from `first` on, as a producer numbers them."""
    return tuple(NumberedEvent(first.offset(n), *encode_event(e)) for n, e in enumerate(said))


def plain(event_id: EventId, padding: int = 0) -> NumberedEvent:
    """A small event of which the data says its own id; `padding` makes it larger."""
    data = f'{{"type":"e","id":"{event_id}","pad":"{"x" * padding}"}}'
    return NumberedEvent(event_id, "e", data.encode())


def run_of(first: EventId, count: int, padding: int = 0) -> tuple[NumberedEvent, ...]:
    """`count` plain events from `first` on."""
    return tuple(plain(first.offset(n), padding) for n in range(count))


def ids_of(some: Iterable[NumberedEvent]) -> list[EventId]:
    """The ids of events."""
    return [event.id for event in some]


@st.composite
def batches_of(draw: st.DrawFn, some: Sequence[NumberedEvent]) -> list[Batch]:
    """The events of one attempt as batches, cut at random places."""
    cuts = sorted(draw(st.sets(st.integers(1, len(some) - 1)))) if len(some) > 1 else []
    edges = [0, *cuts, len(some)]
    return [Batch(tuple(some[a:b])) for a, b in pairwise(edges)]


@st.composite
def sessions(draw: st.DrawFn, max_events: int = 8) -> list[list[NumberedEvent]]:
    """What a correct session says: attempts, each a list of events, in the order they lived."""
    lives: list[list[NumberedEvent]] = []
    for producer in range(1, draw(st.integers(1, 3)) + 1):
        attempt = 0
        for _ in range(draw(st.integers(1, 3))):
            attempt += draw(st.integers(1, 2))  # an attempt may die before it says anything
            count = draw(st.integers(1, max_events))
            lives.append(list(run_of(EventId(producer, attempt, 1), count)))
    return lives


def what_counts(accepted: Iterable[NumberedEvent]) -> list[NumberedEvent]:
    """The plain rule of supersession: of each producer, only its latest attempt."""
    everything = sorted(set(accepted))
    latest = {event.id.producer: event.id.attempt for event in everything}
    return [event for event in everything if latest[event.id.producer] == event.id.attempt]


class Session:
    """A session of concurrent producers: what its history records, and what each producer sent."""

    def __init__(self) -> None:
        self.history: list[Recorded] = []
        self.sent: dict[int, list[NumberedEvent]] = {0: []}  # by producer, all attempts
        self.beside: dict[int, frozenset[int]] = {0: frozenset()}
        self.under_way: list[int] = []
        self.late: list[int] = []  # they have ended, and nothing was scheduled since
        self.most = 0  # under way at once

    def schedule(self) -> None:
        """The workflow schedules an activity."""
        producer = len(self.sent)
        self.sent[producer], self.beside[producer] = [], frozenset(self.under_way)
        self.history.append(Scheduled(producer, "act", str(producer), self.beside[producer]))
        self.under_way.append(producer)
        self.late = []
        self.most = max(self.most, len(self.under_way))

    def say(self, producer: int, said: Sequence[object], *, retry: bool) -> Batch:
        """An attempt sends events, the present one or the next; None is a plain event."""
        sent = self.sent[producer]
        last = sent[-1].id if sent else EventId(producer, 1, 0)
        first = EventId(producer, last.attempt + 1, 1) if retry and sent else last.offset(1)
        batch = Batch(
            tuple(
                plain(first.offset(n)) if one is None else numbered(first.offset(n), [one])[0]
                for n, one in enumerate(said)
            )
        )
        sent += batch.events
        return batch

    def end(self, producer: int, status: EndStatus) -> None:
        """The activity ends."""
        self.under_way.remove(producer)
        self.late.append(producer)
        self.history.append(Ended(producer, status))

    def counting(self) -> list[NumberedEvent]:
        """The events of the attempts that count."""
        return what_counts(event for sent in self.sent.values() for event in sent)


@st.composite
def concurrent_sessions(
    draw: st.DrawFn, steps: int = 25, said: st.SearchStrategy[object] | None = None
) -> Session:
    """Activities that run beside each other, are tried again and end; the workflow speaks too.

    Some still send when they have ended. `said`: what is sent; plain events without it.
    """
    session = Session()
    events = st.lists(st.none() if said is None else said, min_size=1, max_size=4)
    for step in draw(st.lists(st.integers(0, 9), min_size=1, max_size=steps)):
        sending = [*session.under_way, *session.late]
        if step < 2 or not sending:
            session.schedule()
        elif step < 3:
            session.history.append(Spoken(session.say(0, draw(events), retry=False)))
        elif step < 5 and session.under_way:
            session.end(draw(st.sampled_from(session.under_way)), "completed")
        else:
            chosen = draw(st.permutations(sending))[: draw(st.integers(1, 3))]
            retry = draw(st.sampled_from([False, False, True]))
            batches = tuple(session.say(one, draw(events), retry=retry) for one in chosen)
            session.history.append(Published(RUN, batches))
    return session


@st.composite
def readings(draw: st.DrawFn, session: Session) -> list[NumberedEvent]:
    """An order in which a reader may get the session's events, up to some moment.

    Each producer's events come in their order; a reader may miss the rest of an attempt that was
    replaced. All events of the producers that are not beside another one come before that one.
    """
    left = {producer: list(sent) for producer, sent in session.sent.items() if sent}
    reading: list[NumberedEvent] = []
    for _ in range(draw(st.integers(0, sum(map(len, left.values()))))):
        ready = [
            producer
            for producer, rest in left.items()
            if rest and not any(left.get(p) for p in _before(producer, session.beside[producer]))
        ]
        if not ready:
            break
        rest = left[draw(st.sampled_from(ready))]
        newer = [n for n, event in enumerate(rest) if n and event.id.seq == 1]
        skips = draw(st.booleans())
        if newer and skips:
            del rest[: newer[0]]
        reading.append(rest.pop(0))
    return reading


def _before(producer: int, beside: frozenset[int]) -> Iterable[int]:
    return (p for p in range(1, producer) if p not in beside)


def frame(event: NumberedEvent) -> bytes:
    """A reader's frame; longer than the event, as in SSE."""
    return f"{event.id}|".encode() + event.data + b" " * 60
