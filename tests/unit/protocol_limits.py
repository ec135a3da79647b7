"""Which constant each row of the protocol's limits (§9) stands for.

The protocol names a limit by what it bounds, so that its readers need no Python and a constant can
move. Each module has its constants here, and each constant the text of its row.
"""

from typing import Final

ROWS: Final[dict[str, dict[str, str]]] = {
    "kai_flow.access.grant": {
        "MAX_QUERY_SECONDS": "lifetime of a token in the query",
    },
    "kai_flow.access.issuer_keys": {
        "FETCH_SECONDS": "one fetch of a key set",
        "REFRESH_SECONDS": "time between two fetches of a key set",
        "FRESH_SECONDS": "age of a key set before it is fetched again",
        "STALE_SECONDS": "age of a key set that is used while no new one can be fetched",
    },
    "kai_flow.access.key_ring": {
        "MAX_KEY_SET_BYTES": "size of a key set",
        "MAX_PUBLIC_KEYS": "keys in a key set",
        "MAX_TRIED_KEYS": "keys of a key set that are tried for a token",
        "MIN_RSA_BITS": "bits of an RSA key, at least",
    },
    "kai_flow.access.tokens": {
        "MAX_TOKEN_CHARS": "characters of a token",
        "LEEWAY_SECONDS": "time by which the clocks of issuer and bridge may differ",
    },
    "kai_flow.analyst.agent": {
        "MAX_PROMPT_BYTES": "size of a question",
    },
    "kai_flow.analyst.reading.reader": {
        "MOST_TOKENS": "words, numbers and signs in a question",
    },
    "kai_flow.web.client_gate": {
        "FULL_SECONDS": "time after which a reader with too many open streams comes again",
    },
    "kai_flow.web.client_limits": {
        "BURST_SECONDS": "time for which the requests of one client may be made at once",
        "MAX_CLIENTS": "clients that a bridge remembers, beside those with open streams",
    },
    "kai_flow.stream.repetitions": {
        "MAX_REMEMBERED": "POSTs that a bridge remembers",
    },
    "kai_flow.stream.signing": {
        "MAX_SIGNATURES": "signatures of a POST that are looked at",
        "TOLERANCE_SECONDS": "difference between the times of a POST and of its receiver",
    },
    "kai_flow.stream.signing_keys": {
        "MAX_KEYS": "keys for signatures",
    },
    "kai_flow.bridge.admission": {
        "EVEN_SECONDS": "an answer that there is no session of an organisation takes a multiple of",
    },
    "kai_flow.bridge.attempts": {
        "ASK_SECONDS": "wait for Temporal's answer whether an attempt is real",
        "ASK_AGAIN_SECONDS": "time between two such questions about one session",
    },
    "kai_flow.bridge.broadcast": {
        "SLICE_READERS": "subscribers that are written to before other work of the bridge runs",
    },
    "kai_flow.bridge.channel": {
        "FORGET_SECONDS": "time without a reader or a POST before a session is forgotten",
        "KEPT_HAND_MADE": "events sent by hand that are kept for a first subscriber",
        "KEPT_HAND_MADE_BYTES": "bytes of events sent by hand that are kept for a first subscriber",
        "MAX_FORMER": "earlier runs of a session id that are kept for their subscribers",
        "UNREAD_SECONDS": "time that events sent by hand wait for a first subscriber",
    },
    "kai_flow.bridge.frames": {
        "KEPT_FRAMES": "pages of frames that are kept for other readers",
    },
    "kai_flow.bridge.hub": {
        "MAX_CHANNELS": "sessions of a bridge",
        "MAX_STRAY_CHANNELS": "sessions of a bridge without a reader, not confirmed by Temporal",
        "TICK_SECONDS": "time between two checks of deadlines and idle sessions",
        "FIND_SECONDS": "wait for a lookup before a stream opens without its result",
    },
    "kai_flow.bridge.lookup": {
        "FIRST_LOOKUP_SECONDS": "time before the first lookup of a missing workflow",
        "LAST_LOOKUP_SECONDS": "longest pause between two such lookups",
    },
    "kai_flow.bridge.memory_budget": {
        "MAX_BYTES": "all that a bridge holds, before it drops events and refuses POSTs",
        "EVENT_BYTES": "bytes added for an event with its frame, beside twice its data",
        "RECOUNT_SECONDS": "time between two counts of everything held",
    },
    "kai_flow.bridge.readback": {
        "KEPT_PAGES": "pages that were read back and are kept for other readers",
        "QUERY_LEAD_SECONDS": "wait for the workflow's answer before the history is read beside it",
        "QUERY_SECONDS": "wait for the workflow's answer before it is given up",
        "QUERY_REST_SECONDS": "time after a query that failed before the next one of a session",
        "PAUSE_SECONDS": "pause after a failed read",
    },
    "kai_flow.bridge.publisher": {
        "FLUSH_SECONDS": "wait for durability after a final POST, and when a bridge stops",
    },
    "kai_flow.bridge.poll_budget": {
        "MAX_LONG_POLLS": "sessions of a bridge that are followed by long polls at once",
    },
    "kai_flow.bridge.session_tail": {
        "PAUSE_SECONDS": "pause after a failed call to Temporal",
        "MAX_PAUSE_SECONDS": "longest pause while Temporal does not answer",
        "NEWS_PAUSE_SECONDS": "pause of a bridge between two polls of a history that grows",
        "UNBUDGETED_PAUSE_SECONDS": "the same for sessions beyond those followed by long polls",
        "KEPT_PAGE_BYTES": "events in a page of an old history, before it is not kept",
    },
    "kai_flow.bridge.signal_budget": {
        "BURST_SECONDS": "time for which unused budget of a bridge's signals is kept",
    },
    "kai_flow.bridge.storage_limit": {
        "BESIDE_BYTES": "bytes that a history may have beside the 32 MiB of events",
        "ASK_BYTES": "bytes that a bridge signals before it asks for the size of the history",
    },
    "kai_flow.bridge.subscription": {
        "HEARTBEAT_SECONDS": "silence before a comment line",
        "CHUNK_BYTES": "frames in one write",
        "FIRST_PAUSE_SECONDS": "first pause before what Temporal does not show yet is read again",
        "LAST_PAUSE_SECONDS": "longest such pause",
    },
    "kai_flow.stream.bridge_pace": {
        "MAX_PACE_SECONDS": "`pace` that a producer believes",
        "SILENT_SECONDS": "time after a bridge's answer for which its `pace` counts",
    },
    "kai_flow.stream.own_signals": {
        "STALL_SECONDS": "time without progress of `durable` before the producer signals",
        "LEAVING_PACE_SECONDS": "`pace` that counts when an attempt has not ended well",
    },
    "kai_flow.stream.post_channel": {
        "PROBE_SECONDS": "time between POSTs while something is not durable",
        "MAX_TRIES": "failures in a row before a delivery is given up",
        "FIRST_PAUSE_SECONDS": "first pause after a failed POST",
        "MAX_PAUSE_SECONDS": "longest pause after a failed POST",
        "MAX_RETRY_AFTER_SECONDS": "`Retry-After` that is honoured",
    },
    "kai_flow.stream.delivery_wait": {
        "DELIVERY_SECONDS": "wait of an agent for mere delivery, and again at its end",
    },
    "kai_flow.stream.election": {
        "SIGNALLER_SECONDS": "time without progress of `durable` before the signaller is replaced",
        "UNREACHED_SECONDS": "the same for a signaller that no POST has reached yet",
        "MAX_BRIDGES": "boot ids that an attempt remembers",
    },
    "kai_flow.stream.threads": {
        "CANCELLATION_SECONDS": "time before a waiting thread stops when it is cancelled",
    },
    "kai_flow.stream.supervised": {
        "FIRST_PAUSE_SECONDS": "first pause before a failed task of a session is restarted",
        "LAST_PAUSE_SECONDS": "longest pause before a failed task of a session is restarted",
    },
    "kai_flow.runtime.http_protocol": {
        "MAX_HEAD_BYTES": "request line with headers; fields after a chunked body",
        "HEAD_SECONDS": "wait for a complete request head",
    },
    "kai_flow.runtime.connections": {
        "MAX_CLIENT_CONNECTIONS": "of them, of one client on another machine",
        "MAX_CONNECTIONS": "simultaneous connections of a process, over all its servers",
    },
    "kai_flow.runtime.tls_listener": {
        "HANDSHAKE_SECONDS": "one TLS handshake",
    },
    "kai_flow.runtime.log_limiter": {
        "QUIET_SECONDS": "time between two log lines about the same subject",
        "MAX_KINDS": "different subjects that are logged in that time",
    },
    "kai_flow.runtime.serving": {
        "SPARE_DESCRIPTORS": "file descriptors that connections leave for other work",
        "UNSENT_SECONDS": "time that a peer may accept nothing before it is dropped (Linux)",
        "GRACE_SECONDS": "wait for open connections when a server stops",
    },
    "kai_flow.stream.batches": {
        "WIRE_VERSION": "`v`, the version of the document",
        "MAX_SIGNAL_BATCHES": "batches in one signal",
        "MAX_BATCH_EVENTS": "events in one signal or POST; waiting events that go at once",
        "FLUSH_BYTES": "bytes of waiting events that go at once",
        "MAX_BATCH_BYTES": "bytes of events in one signal; the Temporal server warns above it",
        "MAX_DOCUMENT_BYTES": "size of a signal as it travels",
        "MAX_UNFOLDED_BYTES": "bytes of events that a reader accepts from one signal",
        "MAX_RECORD_BYTES": "size of a record of the voice",
        "MAX_PUBLISHED_BYTES": "size of the events that a workflow publishes with one call",
    },
    "kai_flow.stream.cadence": {
        "AGE_SHARE": "divisor of the session's age that gives the pause between signals",
        "MAX_RETRY_SECONDS": "longest pause after a failed signal",
    },
    "kai_flow.stream.callback": {
        "MAX_BODY_BYTES": "size of a POST",
        "MAX_BRIDGE_CHARS": "characters of a boot id",
        "MAX_DETAIL_CHARS": "characters that a log line repeats of a receiver's reason",
    },
    "kai_flow.stream.http_posts": {
        "POST_TIMEOUT_SECONDS": "time for one POST",
        "MAX_ANSWER_BYTES": "bytes that are read of a receiver's answer",
    },
    "kai_flow.stream.log_fields": {
        "MAX_NAMED_CHARS": "characters that a log line repeats of a place, an id or a URL",
    },
    "kai_flow.stream.list_form": {
        "MAX_DOCUMENTS": "documents in one list",
        "MAX_LIST_BYTES": "bytes of the documents in one list",
        "MAX_DOCUMENT_BYTES": "size of a document that goes in a list",
        "MAX_LIST_ANSWER_BYTES": "bytes that are read of the answer to a list",
    },
    "kai_flow.stream.sharing": {
        "HOLD_SECONDS": "time for which a POST under way keeps the next shared one back",
        "FIRST_REST_SECONDS": "first time without lists after one was not answered as a list",
        "LAST_REST_SECONDS": "longest time without lists",
    },
    "kai_flow.stream.events": {
        "MAX_EVENT_BYTES": "size of an event",
        "MAX_DEPTH": "nesting levels of an event",
        "MAX_TYPE_CHARS": "characters of an event's `type`",
        "MAX_NUMBER_CHARS": "characters of a whole number in an event, with its sign",
        "EVENT_OVERHEAD_BYTES": "bytes added for an event that waits or was read back",
    },
    "kai_flow.stream.follow_bridge": {
        "SILENCE_SECONDS": "silence after which `follow` reconnects",
        "REFUSAL_SECONDS": "time for which `follow` reads a refusal",
        "MAX_LEVELS": "nesting levels of an event or result that `follow` reads",
        "MAX_REFUSAL_BYTES": "bytes that `follow` reads of a refusal",
    },
    "kai_flow.stream.followed": {
        "FIRST_PAUSE_SECONDS": "first pause of `follow` before it tries again",
        "LAST_PAUSE_SECONDS": "longest pause of `follow` between two tries",
    },
    "kai_flow.stream.ids": {
        "MAX_NUMBER": "number in an event id",
    },
    "kai_flow.stream.liveness": {
        "TASK_PICKUP_TIMEOUT": "time a workflow task may wait before no worker is assumed",
        "MIN_WORKER_TIMEOUT": "shortest time without a heartbeat before a worker is taken as lost",
        "HEARTBEAT_MARGIN": "delay of a heartbeat that is due",
        "THROTTLE_SHARE": "heartbeats held back by default, as a share of their timeout",
        "MAX_THROTTLE": "longest time that heartbeats are held back by default",
        "DEFAULT_THROTTLE": "this time for an activity without a heartbeat timeout",
    },
    "kai_flow.stream.sse": {
        "MAX_FRAME_CHARS": "characters of a line or frame that `follow` reads",
        "LINE_CHARS": "characters added for each line of data in it",
    },
    "kai_flow.stream.storage": {
        "MAX_STORED_BYTES": "bytes of events that a run stores",
        "READ_AGAIN_BYTES": "bytes that an attempt stores before it asks for the history's size",
    },
    "kai_flow.stream.numbering": {
        "MAX_BESIDE": "producers beside one that gets a number",
        "MAX_RANGES": "parts of its `beside`",
    },
    "kai_flow.stream.place": {
        "MAX_CURSOR_PARTS": "parts of a place",
        "MAX_LISTED": "producers in a place, or beside a producer",
        "MAX_PARTS": "parts of a `beside` that a reader accepts",
    },
    "kai_flow.stream.outbox": {
        "MAX_EVENTS": "events in an outbox",
        "MAX_BYTES": "bytes in an outbox",
    },
    "kai_flow.stream.pages": {
        "MIN_PAGE_BYTES": "smallest `max_bytes`",
        "MAX_PAGE_BYTES": "largest `max_bytes`",
        "DEFAULT_PAGE_BYTES": "default `max_bytes`",
    },
    "kai_flow.stream.liveness_check": {
        "LIVENESS_CHECK_SECONDS": "wait of `progress` for the server's answer",
        "REMEMBER_SECONDS": "time for which `progress` reuses that answer",
        "STALE_SECONDS": "age of that answer while the server cannot be asked",
        "MAX_QUESTIONS": "sessions that wait for the worker to ask the server about them",
    },
    "kai_flow.stream.plugin": {
        "HEARTBEAT_THROTTLE": "delay of heartbeats and cancellations with `StreamPlugin`",
    },
    "kai_flow.stream.producer": {
        "LEAVE_SECONDS": "wait for durability when an attempt ends with an error",
        "MAX_ERROR_CHARS": "characters of the error in `attempt_failed`",
    },
    "kai_flow.stream.progress": {
        "ANSWER_TAIL_CHARS": "characters of `answer_tail`",
        "MAX_PRODUCERS": "producers that `progress` lists",
        "LIVENESS_SECONDS": "time without an event before readers get the liveness",
    },
    "kai_flow.stream.reader": {
        "QUERY_TIMEOUT": "one query",
    },
    "kai_flow.stream.sending": {
        "HEARTBEAT_SECONDS": "time between heartbeats of an attempt",
        "SETTLE_SECONDS": "wait for the last POSTs before the result is built",
    },
    "kai_flow.stream.signals": {
        "RPC_TIMEOUT": "one signal, or one lookup of a workflow",
        "PAGE_TIMEOUT": "one page of a history",
        "LONG_POLL_TIMEOUT": "wait for the next page of a history, or for its end",
    },
    "kai_flow.stream.tail": {
        "SHORT_POLL_TIMEOUT": "one poll of the end of a history; the server answers 1 s before",
        "QUIET_PAGES": "pages without news that show the end of a history",
    },
    "kai_flow.stream.attempt_window": {
        "MAX_WINDOW_BYTES": "events of one attempt that wait to be signalled",
    },
    "kai_flow.stream.shown_log": {
        "MAX_LOG_BYTES": "memory for the frames of one session that can be read back",
        "FRAME_OVERHEAD_BYTES": "bytes added for a frame",
    },
    "kai_flow.stream.run_stream": {
        "QUIET": "time without an event before `progress` asks the server",
        "REFUSALS_EVERY": "time between two log lines of a workflow about refused signals",
    },
    "kai_flow.web.body": {
        "BODY_SECONDS": "time until the body of a POST is complete",
        "STOPPING_BODY_SECONDS": "the same while the bridge stops",
        "MAX_BODIES_BYTES": "bodies of all POSTs that are being received",
    },
    "kai_flow.web.refusal_log": {
        "MAX_SHOWN_CHARS": "characters that a log line repeats of a refused request",
    },
    "kai_flow.web.routes": {
        "MAX_SESSION_ID_CHARS": "characters of a session id",
    },
    "kai_flow.web.send_timeout": {
        "SEND_SECONDS": "one write into the socket of a subscriber",
        "MAX_UNSENT_BYTES": "bytes that all slow subscribers together have not accepted",
        "SOCKET_BYTES": "bytes counted for the write buffer of each of them",
    },
    "kai_flow.temporal.codec": {
        "KEY_PAUSE": "pause before the next attempt of an activity whose worker lacks a key of the "
        "codec",
    },
    "kai_flow.temporal.health": {
        "READY_TIMEOUT": "wait of `/readyz` for Temporal, and for the key set of an issuer",
    },
    "kai_flow.worker.callbacks": {
        "CONNECT_SECONDS": "one connection to a callback URL",
        "LOOKUP_SECONDS": "lookup of a host name",
    },
    "kai_flow.worker.chat_activities": {
        "MAX_RESULT_BYTES": "size of the result",
    },
    "kai_flow.worker.service": {
        "GRACE": "wait for running activities when a worker stops",
    },
    "kai_flow.workflows": {
        "START_TO_CLOSE": "one attempt",
    },
}

CONSTANTS: Final = {
    row: f"{module}.{constant}"
    for module, constants in ROWS.items()
    for constant, row in constants.items()
}
