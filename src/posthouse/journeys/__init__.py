"""The journeys, told in order: intake, deliver, reclaim, sweep. Store and net meet only here and in app."""
