"""The dashboard: pages for people. Recent messages and alerts, for the operator on this machine."""
