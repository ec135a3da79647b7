"""The library: a durable event stream for any Temporal workflow, activity and agent.

The pure core (ids, events, batches, fold, buffer, pages, progress, outbox, cadence, delivery, log)
does no I/O, reads no clock and draws no randomness: time and ids are arguments. The shells beside
it (`workflow`, `producer`, `reader`, `history`) drive it with Temporal and HTTP.
"""
