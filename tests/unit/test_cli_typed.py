"""Signals while a person types; tests/integration/test_chat.py has those before the first key."""

import os
import signal
import threading
import time

import pytest

from kai_flow.cli import typed


def test_a_handled_signal_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One Ctrl-C interrupts once: a second one would leave what the first has only cancelled."""
    monkeypatch.setattr(typed, "AGAIN_SECONDS", 0.002)
    interrupts = 0
    with typed.interruptible():
        for _ in range(200):
            press = threading.Timer(0.001, os.kill, (os.getpid(), signal.SIGINT))
            try:
                press.start()
                threading.Event().wait(10)  # as the chat waits for an answer
            except KeyboardInterrupt:
                interrupts += 1
            try:
                press.join()
                time.sleep(0.005)  # in which it would be sent again
            except KeyboardInterrupt:
                interrupts += 1
    assert interrupts == 200
