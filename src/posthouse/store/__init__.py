"""Postgres, and the only SQL of the house: one module per noun, the queue, partitions and migrations.

Speaks in frozen values of ``model``; hands out neither rows nor cursors. Must never call out to the network
beyond Postgres (that is ``net``), nor decide anything (that is ``policy``).
"""
