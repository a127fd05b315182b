"""The suppression list over HTTP."""
