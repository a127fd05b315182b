"""What is counted, for machines: the product's Prometheus metrics, summed over its processes.

Processes of one `serve` share a folder (``PROMETHEUS_MULTIPROC_DIR``, set by app before this is imported);
the API process answers for all of them.
"""

from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)

ACCEPTED: Final = Counter("posthouse_accepted", "Messages accepted", ["door", "type"])
REJECTED: Final = Counter("posthouse_rejected", "Requests not taken, by code", ["door", "code"])
DUPLICATES: Final = Counter("posthouse_duplicates", "Requests answered with an earlier message", ["door"])
COMMITS: Final = Counter("posthouse_accept_commits", "Commits that made messages durable")
OUTCOMES: Final = Counter("posthouse_outcomes", "Attempts by route, outcome and reason", ["route", "outcome", "reason"])
SETTLED: Final = Counter("posthouse_settled", "Deliveries that came to rest", ["type", "state"])
LATENCY: Final = Histogram(
    "posthouse_latency_seconds", "From the triggering event to acceptance by the next hop", ["type"], buckets=_LATENCY
)
FENCED: Final = Counter("posthouse_fenced", "Settlements that came after the lease was lost")
RECLAIMED: Final = Counter("posthouse_reclaimed", "Deliveries taken back from lost workers", ["how"])
SCHEDULE_ENDED: Final = Counter("posthouse_schedule_ended", "Deliveries whose schedule ended undelivered", ["type", "route"])
DENIED: Final = Counter("posthouse_wrong_keys", "Keys and logins that are nobody's", ["door"])
SUBMISSION_SESSIONS: Final = Counter("posthouse_submission_sessions", "SMTP sessions opened")
CONNECTIONS: Final = Gauge("posthouse_connections", "Open connections, by listener", ["listener"], multiprocess_mode="mostrecent")
CONNECTIONS_CUT: Final = Counter(
    "posthouse_connections_cut", "Connections that we evicted, refused or closed early, by reason", ["listener", "reason"]
)
SUPPRESSED: Final = Counter("posthouse_suppressed", "Recipients that were not written to, by cause and place", ["cause", "where"])
SUPPRESSIONS_ADDED: Final = Counter("posthouse_suppressions_added", "Addresses entered, by cause and source", ["cause", "source"])
SUPPRESSIONS: Final = Gauge("posthouse_suppressions", "Entries on all lists, by cause", ["cause"], multiprocess_mode="mostrecent")
BRAKES: Final = Counter("posthouse_suppression_brakes", "Brakes put on a mailbox provider")
FEEDBACK: Final = Counter("posthouse_feedback", "What came back, by source and what it was", ["source", "kind"])
LETTERS: Final = Counter(
    "posthouse_letters", "Letters of people to a return path or the operator, by what became of them", ["to", "what"]
)
HOOKS: Final = Counter("posthouse_hooks", "Providers' calls that were theirs", ["provider", "what"])
RETURNED: Final = Counter("posthouse_returned", "Returned mail taken in")
FORGED: Final = Counter("posthouse_forged", "Calls and returned mail that were nobody's", ["source"])
CONTENT: Final = Counter(
    "posthouse_content_judged", "Mails judged by the content policy, by verdict and setting", ["verdict", "setting"]
)
DIGEST_MISMATCHES: Final = Counter("posthouse_digest_mismatches", "Attempts whose bytes differed from the first: a bug")
WEBHOOK_TRIES: Final = Counter("posthouse_webhook_tries", "Events posted to endpoints, by outcome", ["outcome"])
WEBHOOK_GATHERED: Final = Counter("posthouse_webhook_events_gathered", "Events read for endpoints")
CONFINED_EXITS: Final = Counter(
    "posthouse_confined_exits", "Confined workers that ended before their time, by work and reason", ["work", "reason"]
)
WEBHOOK_LAG: Final = Gauge(
    "posthouse_webhook_lag_seconds",
    "Age of the oldest event that was not yet read for the webhooks",
    multiprocess_mode="mostrecent",
)
WEBHOOK_DISABLED: Final = Counter("posthouse_webhook_disabled", "Endpoints switched off because they failed")
WEBHOOK_LATENCY: Final = Histogram(
    "posthouse_webhook_latency_seconds", "From the event to its endpoint's yes, at the first try", buckets=_LATENCY
)


def exposition(folder: Path | None) -> bytes:
    """The text that Prometheus reads: of all processes that share ``folder``, or of this one alone."""
    if folder is None:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)
