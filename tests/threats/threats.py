"""All threats, by whom they come from. A new one needs a row here and in the page."""

from itertools import count
from typing import Any, Final

import uvicorn

from kai_flow import settings
from kai_flow.access.grant import Grant, Reach
from kai_flow.access.tokens import verify
from kai_flow.analyst import guard
from kai_flow.analyst.engines import sqlite
from kai_flow.bridge import admission
from kai_flow.bridge.admission import Admission
from kai_flow.bridge.hub import Hub
from kai_flow.bridge.intake import Intake
from kai_flow.bridge.subscription import _Subscriber
from kai_flow.cli import place, text
from kai_flow.connections.sealing import Keyring
from kai_flow.connections.uris import safe_uri
from kai_flow.runtime import clients, logs
from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.settings import callback_allow
from kai_flow.settings.callback_allow import AllowList
from kai_flow.stream import callback, codec, signing, unknown_place
from kai_flow.stream.post_spans import request_to
from kai_flow.stream.repetitions import Repetitions
from kai_flow.stream.signing import SigningKeys
from kai_flow.stream.sse import MAX_FRAME_CHARS, Decoder
from kai_flow.temporal.codec_access import CodecAccess
from kai_flow.temporal.payload_cipher import PayloadCipher
from kai_flow.temporal.payload_place import Place
from kai_flow.traces.exporting import Private
from kai_flow.web import foreign_requests
from kai_flow.web.client_gate import ClientGate
from kai_flow.web.documents import _Sender
from kai_flow.web.refusal_log import RefusalLog
from tests.planting import Mutation, everywhere, instead, together
from tests.threats.threat import Threat

READER: Final = "a reader"
STRANGER: Final = "a stranger who reaches the bridge"
DECRYPTING: Final = "a stranger who reaches the codec server"
NETWORK: Final = "somebody on the network between worker and bridge"
READING: Final = "somebody on the network between reader and bridge"
FAKE: Final = "a fake bridge, or whoever takes the port of one"
PAGE: Final = "a web page that a person visits"
PROMPT: Final = "a hostile question"
DATABASE: Final = "a hostile database"
PLANE: Final = "the control plane"
LAPTOP: Final = "whoever steals a laptop or a backup"
TRACES: Final = "whoever sees the traces"

# It is over, so that a stream that it opens ends by itself.
_READS_ALL: Final = Grant(
    subject="anybody",
    organisation=None,
    sessions=frozenset(),
    prefixes=("",),
    conversations=frozenset(),
    everything=True,
    rights=frozenset({"read"}),
    expires_at=0.0,
    lifetime=60.0,
)

_OF_ANOTHER: Final = _READS_ALL._replace(everything=False, prefixes=("another",))

CALLBACKS: Final = "tests/integration/test_callback_hosts.py"
SIGNATURES: Final = "tests/unit/test_web_signatures.py"


def _by_session() -> Mutation:
    write = RefusalLog.write
    return instead(RefusalLog, "write", lambda self, *refused: write(self, *refused[:3]))


def _always(value: Any) -> Any:
    return lambda *_args, **_kwargs: value


def _any_signature() -> Mutation:
    ids = (f"msg_{n:016}" for n in count())
    return instead(SigningKeys, "verify_post", lambda *_message: next(ids))


def _unbound() -> Mutation:
    encrypt, decrypt = Keyring.encrypt, Keyring.decrypt
    return together(
        instead(Keyring, "encrypt", lambda self, text, _bound_to: encrypt(self, text, "")),
        instead(Keyring, "decrypt", lambda self, token, _bound_to: decrypt(self, token, "")),
    )


async def _at_once(_began: float) -> None:
    """No answer waits for another."""


async def _at_once_true(*_: object) -> bool:
    return True


def _any_proxy() -> Mutation:
    real = uvicorn.Config

    def believing(*args: Any, **given: Any) -> uvicorn.Config:
        return real(*args, **{**given, "proxy_headers": True, "forwarded_allow_ips": "*"})

    return instead(uvicorn, "Config", believing)


THREATS: Final = (
    Threat(
        STRANGER,
        "tests/unit/test_settings.py::test_beyond_loopback_a_bridge_knows_everybody",
        lambda: instead(settings, "_require_credentials", _always(None)),
        given={"host": "0.0.0.0"},
    ),
    Threat(
        STRANGER,
        "tests/integration/test_beyond_loopback.py::test_only_named_proxies_say_who_their_clients_are",
        _any_proxy,
    ),
    Threat(
        READER,
        "tests/unit/test_bridge_admission.py::test_a_session_that_is_being_read_is_hidden_as_well",
        lambda: instead(admission, "_even", _at_once),
    ),
    Threat(
        READER,
        "tests/unit/test_access_grant.py::test_what_may_stand_in_a_url",
        lambda: instead(Grant, "fits_in_a_url", property(_always(True))),
        given={"grant": _READS_ALL, "fits": False},
    ),
    Threat(
        STRANGER,
        f"{SIGNATURES}::test_whatever_is_wrong_with_a_signature_is_refused_alike",
        _any_signature,
        given={"fields": {"webhook-id": "msg_0123456789abcdef", "webhook-signature": "v1,forged"}},
    ),
    Threat(
        READER,
        "tests/unit/test_stream_unknown_place.py::test_a_producer_that_was_not_beside_the_newest_is_named",
        lambda: instead(unknown_place, "_never_beside", _always(None)),
        given={"cursor": "1-3.0.0", "stranger": 1},
    ),
    Threat(
        STRANGER,
        "tests/integration/test_client_limits.py::test_streams_beyond_the_limit_are_told_to_come_again",
        lambda: instead(ClientGate, "frames", lambda _self, _scope, _admission, frames: frames),
    ),
    Threat(
        STRANGER,
        "tests/integration/test_client_limits.py::test_signed_posts_have_no_limit",
        lambda: instead(ClientGate, "post", _always(None)),
    ),
    Threat(
        STRANGER,
        "tests/integration/test_client_limits.py::test_a_forwarded_loopback_address_is_that_of_a_client",
        lambda: instead(clients, "_is_forwarded", _always(False)),
    ),
    Threat(
        STRANGER,
        "tests/unit/test_web_send_timeout.py::test_readers_that_do_not_read_fill_no_log",
        lambda: instead(LogLimiter, "due", _always(0)),
    ),
    Threat(
        PLANE,
        "tests/unit/test_runtime_logs.py::test_nobody_forges_a_line",
        lambda: instead(logs, "_visible", lambda text: text),
    ),
    Threat(
        STRANGER,
        "tests/unit/test_web_documents.py::test_a_client_uses_up_no_lines_of_others",
        _by_session,
    ),
    Threat(
        READER,
        "tests/unit/test_access_grant.py::test_which_sessions_it_reaches",
        lambda: instead(Grant, "reach", _always(Reach.YES)),
        given={"grant": _OF_ANOTHER, "reach": Reach.NO},
    ),
    Threat(
        READER,
        "tests/unit/test_bridge_admission.py::test_only_sessions_on_its_queue_are_found",
        lambda: together(
            instead(Hub, "is_on", _at_once_true), instead(Admission, "_hides", _always(False))
        ),
    ),
    Threat(
        READER,
        "tests/integration/test_tokens.py::test_whatever_is_wrong_gets_the_same_answer",
        lambda: everywhere(verify, _always(_READS_ALL)),
    ),
    Threat(
        READER,
        "tests/unit/test_bridge_subscription.py::test_a_stream_ends_when_its_token_expires",
        lambda: instead(_Subscriber, "_expires", _always(False)),
    ),
    Threat(
        READER,
        "tests/integration/test_by_hand.py::test_only_the_right_to_publish_allows_it",
        lambda: instead(Grant, "reach", _always(Reach.YES)),
    ),
    Threat(
        READING,
        "tests/unit/test_cli_place.py::test_a_token_is_not_sent_in_clear",
        lambda: instead(place, "sends_token", _always(False)),
        given={"given": {"KAI_TOKEN": "aaa.bbb.ccc"}},
    ),
    Threat(
        READER,
        "tests/unit/test_stream_callback.py::test_a_post_forges_no_word_of_the_bridge",
        lambda: instead(callback, "NEVER_NUMBERED", frozenset()),
        given={"kind": "token_expired"},
    ),
    Threat(
        NETWORK,
        "tests/integration/test_signed_callbacks.py::test_a_forged_event_replaces_no_real_one",
        _any_signature,
    ),
    Threat(
        NETWORK,
        f"{SIGNATURES}::test_a_post_is_taken_once",
        lambda: instead(Repetitions, "is_new", _always(True)),
    ),
    Threat(
        NETWORK,
        f"{SIGNATURES}::test_a_post_of_another_time_is_refused",
        lambda: instead(signing, "TOLERANCE_SECONDS", 10**9),
        given={"late": 301.0},
    ),
    Threat(
        FAKE,
        "tests/integration/test_signed_callbacks.py::test_a_fake_bridge_loses_nothing_and_stops_no_agent",
        lambda: instead(SigningKeys, "is_answer", _always(True)),
        given={"status": "410 Gone"},
    ),
    Threat(
        FAKE,
        f"{SIGNATURES}::test_an_answer_is_no_post",
        lambda: instead(signing, "_answer_id", lambda message_id, _status: message_id),
    ),
    Threat(
        FAKE,
        "tests/property/test_sse.py::test_no_frame_fills_the_memory",
        lambda: instead(Decoder, "_require_bounded", _always(None)),
        given={"text": "x" * (MAX_FRAME_CHARS + 1), "fits": False},
    ),
    Threat(
        PAGE,
        "tests/integration/test_bridge.py::test_foreign_pages_are_refused",
        lambda: instead(foreign_requests, "_name", _always("localhost")),
    ),
    Threat(
        STRANGER,
        "tests/integration/test_bridge_refusals.py::test_no_sender_floods_the_log",
        lambda: instead(LogLimiter, "due", _always(0)),
    ),
    Threat(
        PLANE,
        f"{CALLBACKS}::test_by_default_a_worker_calls_this_machine_at_the_bridges_port_only",
        lambda: instead(AllowList, "refusal", _always(None)),
    ),
    Threat(
        PLANE,
        f"{CALLBACKS}::test_an_address_that_is_not_allowed_fails_the_session",
        lambda: instead(AllowList, "refusal", _always(None)),
        given={"host": "any.example"},
    ),
    Threat(
        PLANE,
        "tests/property/test_callback_allow.py::test_what_the_documentation_says",
        lambda: instead(callback_allow, "_CLOUDS", ()),
        given={
            "entry": "kai-bridge",
            "url": ("http", "kai-bridge", 80),
            "found": "fd00:ec2::254",
            "allowed": False,
        },
    ),
    Threat(
        PLANE,
        f"{CALLBACKS}::test_a_name_that_moves_is_checked_again",
        lambda: instead(AllowList, "refusal", _always(None)),
    ),
    Threat(
        PLANE,
        f"{CALLBACKS}::test_a_name_of_a_strangers_choice_is_not_looked_up",
        lambda: instead(AllowList, "depends_on_addresses", _always(True)),
    ),
    Threat(
        PROMPT,
        "tests/unit/test_analyst_guard.py::test_the_guard_refuses",
        lambda: everywhere(guard.check, lambda sql, *_tables: sql),
    ),
    Threat(
        PROMPT,
        "tests/unit/test_analyst_guard_names.py::test_the_name_of_a_with_clause_counts_below_it_only",
        lambda: instead(guard, "_check_table", _always(None)),
        given={
            "sql": "WITH x AS (SELECT * FROM secret), secret AS (SELECT 1 AS y) SELECT * FROM x",
            "dialect": "sqlite",
        },
    ),
    Threat(
        PROMPT,
        "tests/unit/test_analyst_guard.py::test_the_connection_alone_is_a_wall",
        lambda: everywhere(sqlite.restrict, _always(None)),
    ),
    Threat(
        DATABASE,
        "tests/unit/test_cli_render.py::test_no_event_can_speak_to_the_terminal",
        lambda: instead(text, "_BLOCK", {}),
        given={"terminal": True},
    ),
    Threat(
        PLANE,
        "tests/integration/test_codec_missing.py::test_a_bridge_without_the_codec_signals_nothing_in_clear",
        lambda: instead(Intake, "_require_codec", _always(None)),
    ),
    Threat(
        PLANE,
        "tests/property/test_payload_cipher.py::test_every_flipped_bit_is_refused",
        lambda: instead(PayloadCipher, "open", _always(b"")),
    ),
    Threat(
        PLANE,
        "tests/integration/test_bound_payloads.py::test_a_question_of_another_session_is_refused",
        lambda: instead(Place, "may_hold", _always(True)),
    ),
    Threat(
        PLANE,
        "tests/integration/test_codec_missing.py::test_a_reader_without_the_codec_gets_an_error",
        lambda: instead(codec, "hidden_by", _always(None)),
    ),
    Threat(
        DECRYPTING,
        "tests/unit/test_temporal_codec_access.py::test_anything_else_is_not",
        lambda: instead(CodecAccess, "is_token", _always(True)),
        given={"authorization": b"Bearer wrong"},
    ),
    Threat(
        PAGE,
        "tests/unit/test_temporal_codec_access.py::test_pages_of_other_origins_are_foreign",
        lambda: instead(CodecAccess, "allows", _always(True)),
        given={"origin": "https://evil.example.com", "allowed": False},
    ),
    Threat(
        PAGE,
        "tests/unit/test_temporal_codec_server.py::test_a_foreign_host_is_refused",
        lambda: instead(CodecAccess, "is_called", _always(True)),
        given={"host": "evil.example.com:8093"},
    ),
    Threat(
        PLANE,
        "tests/unit/test_secrets.py::test_a_ciphertext_opens_for_its_own_connection_only",
        _unbound,
    ),
    Threat(
        STRANGER,
        "tests/integration/test_traces_private.py::test_a_strangers_traceparent_is_not_believed",
        lambda: instead(_Sender, "may_trace", property(_always(True))),
    ),
    Threat(
        TRACES,
        "tests/integration/test_traces_private.py::test_no_error_of_an_agent_is_exported",
        lambda: everywhere(Private, lambda exporter: exporter),
    ),
    Threat(
        TRACES,
        "tests/unit/test_stream_post_spans.py::test_nothing_secret_of_a_url_is_in_a_span",
        lambda: everywhere(request_to, lambda url: {"url.full": url}),
    ),
    Threat(
        LAPTOP,
        "tests/unit/test_store_file.py::test_nothing_secret_is_on_the_disk",
        lambda: instead(Keyring, "encrypt", lambda _self, uri, _bound_to: uri),
    ),
    Threat(
        LAPTOP,
        "tests/unit/test_store_uris.py::test_servers_are_understood_and_shown_without_secrets",
        lambda: everywhere(safe_uri, lambda uri: uri),
        given={"scheme": "postgresql"},
    ),
)
