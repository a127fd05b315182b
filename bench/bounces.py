"""How well are returned mails understood? `python -m bench.bounces [FOLDER]` reads a folder of labelled ones and prints the
table.

The folder has ``labels.csv`` (file, recipient, hardbounce, suggested_action …) and the mails. A kind is right where the label's
action maps to it; ``suppresses`` must equal the label's hard bounce or complaint.
"""

import csv
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from posthouse.mail.reports.report import read
from posthouse.model.feedback import Feedback
from posthouse.policy.recipients.bounce import judge

FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "bounces"
KINDS: Final = {
    "suppress-recipient": ("hard",), "soft-recipient": ("soft",), "transient-or-remote": ("soft", "delayed"), "sender-policy": ("blocked",),
    "complaint": ("complaint",), "ignore-autoreply": ("auto_reply",), "dmarc-report": (), "delivered": ("delivered",), "unknown": ("unknown", "soft", "blocked"),
}  # fmt: skip


class Row(NamedTuple):
    """One labelled recipient, and what was found of it."""

    file: str
    recipient: str
    reason: str
    action: str
    suppress: bool
    found: Feedback | None


def rows(folder: Path) -> Iterator[Row]:
    """Every labelled recipient with its finding."""
    by_file: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (folder / "labels.csv").open() as labels:
        for label in csv.DictReader(labels):
            by_file[label["file"]].append(label)
    for file, labels in by_file.items():
        said = judge(read((folder / file).read_bytes()))
        named = {(f.recipient or "").lower(): f for f in said}
        for label in labels:
            match = named.get(label["recipient"].lower()) or (
                said[0] if len(said) == 1 and label["suggested_action"] == "ignore-autoreply" else None
            )
            suppress = label["hardbounce"] == "true" or label["suggested_action"] == "complaint"
            yield Row(file, label["recipient"], label["reason"], label["suggested_action"], suppress, match)


def main() -> int:
    """Print the report."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else FOLDER
    verbose = "-v" in sys.argv
    began = time.perf_counter()
    table = list(rows(folder))
    spent = time.perf_counter() - began
    wanted = [row for row in table if row.action != "dmarc-report"]
    found = [row for row in wanted if row.found is not None]
    right = [row for row in table if bool(row.found and row.found.suppresses) == row.suppress]
    false_hard = [row for row in table if row.found and row.found.suppresses and not row.suppress]
    kinds = [row for row in table if (row.found.kind.value in KINDS[row.action] if row.found else row.action == "dmarc-report")]
    confusion = Counter((row.action, row.found.kind.value if row.found else "-") for row in table)
    columns = sorted({kind for _, kind in confusion})
    print(f"{len(table)} rows, {spent / len(table) * 1000:.1f} ms each")
    print(f"recipient found      {len(found) / len(wanted):.1%}")
    print(f"suppresses as label  {len(right) / len(table):.1%}")
    print(f"false hard           {len(false_hard) / len(table):.1%}")
    print(f"kind as label        {len(kinds) / len(table):.1%}")
    print(f"{'':22}" + "".join(f"{column:>11}" for column in columns))
    for action in KINDS:
        print(f"{action:22}" + "".join(f"{confusion[action, column]:>11}" for column in columns))
    if verbose:
        for row in table:
            if row not in kinds or row not in right:
                said = row.found
                print(
                    f"{row.file} {row.recipient} [{row.reason}/{row.action}] -> "
                    f"{said and (said.kind.value, said.reason, said.enhanced_code, said.reply[:230])}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
