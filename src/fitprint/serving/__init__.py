"""A package behind HTTP: `app_of` makes the ASGI app that `fitprint serve` runs, for any ASGI server.

A request goes through layers, each of which is usable without the next: `decode` turns bytes into data and params, by
the protocol and the signature; `score` lets the model predict, one request or several together; `encode` turns
predictions into bytes; `app` has the routes, the limits and the security. The command is in `fitprint.cli.serve`.
"""
