"""Our decisions, pure: facts go in, a value comes out. No I/O; time and chance are arguments.

One question a module: ``admit`` (may this be taken, and on what terms?), ``dedupe`` (was it asked before?),
``suppress`` (may we write to them?), ``route`` (which way?), ``classify`` (what did they say?), ``retry`` (what now?).
"""
