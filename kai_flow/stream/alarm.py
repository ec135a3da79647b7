"""An alarm: sets an event at a time that is mostly put off."""

import asyncio


class Alarm:
    """Sets `event` no later than at the time that it was put to last, and perhaps earlier.

    Most times are put off before they come. That costs nothing here: a timer that is set goes off
    at its time, and whoever is woken too early puts the alarm to the present time. So there are few
    timers, where `asyncio.timeout` makes one for each wait.
    """

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event
        self._timer: asyncio.TimerHandle | None = None

    def put(self, at: float | None) -> None:
        """Set the event at this time of the event loop's clock; None: it need not be set."""
        if at is None or (self._timer is not None and self._timer.when() <= at):
            return
        self.stop()
        self._timer = asyncio.get_running_loop().call_at(at, self._go_off)

    def stop(self) -> None:
        """Set it no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self) -> None:
        self._timer = None
        self._event.set()
