"""The HTTP API, version 1: JSON over ``/v1``, health, metrics and the OpenAPI document (contract, *HTTP, version 1*)."""
