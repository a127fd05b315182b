"""The dashboard: pages for people. In this version one: recent messages and their timelines, for the operator on this machine."""
