"""The library: a durable event stream for any Temporal workflow, activity and agent.

The pure core (ids, events, batches, fold, buffer, pages, progress, outbox, cadence, delivery,
oddities, log, callback, sse, names, errors) does no I/O, reads no clock and draws no randomness:
time and ids are arguments. The shells beside it (`workflow`, `interceptor`, `plugin`, `producer`,
`signals`, `run`, `pulse`, `reader`, `tail`, `outcome`, `follow`, `direct`) drive it with Temporal
and HTTP.
"""
