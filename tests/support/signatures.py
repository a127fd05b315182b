"""What strangers say of our DKIM signatures: dkimpy and OpenDKIM, given the records as `domain add` printed them."""

import json
import re
import subprocess
from pathlib import Path

import dkim as referee

from tests.support.product import command

Records = dict[str, str]
BOTH = [True, True]


def trust(env: dict[str, str], *domains: str) -> Records:
    """Add domains that the operator vouches for; their DKIM records, by name."""
    records: Records = {}
    for domain in domains:
        added = json.loads(command(env, "domain", "add", domain, "--trust", "--json").stdout)
        records |= {record["name"]: record["value"] for record in added["records"] if record["purpose"] == "dkim"}
    return records


def verdicts(data: bytes, records: Records) -> list[bool]:
    """Dkimpy's verdict on each signature, in the order they stand."""

    def found(name: bytes, **_: object) -> bytes | None:
        value = records.get(name.decode().rstrip("."))
        return value.encode() if value else None

    return [_verdict(data, number, found) for number in range(len(re.findall(rb"(?im)^DKIM-Signature:", data)))]


def _verdict(data: bytes, number: int, found: object) -> bool:
    try:
        return bool(referee.DKIM(data).verify(idx=number, dnsfunc=found))
    except referee.DKIMException:
        return False


def opendkim_verdicts(opendkim: Path, data: bytes, records: Records, folder: Path) -> list[str]:
    """OpenDKIM's: ``pass`` or ``fail`` for each signature."""
    (folder / "dns").write_text("".join(f"{name} {value}\n" for name, value in records.items()))
    (folder / "conf").write_text(f"Mode v\nTestDNSData {folder / 'dns'}\n")
    (folder / "mail").write_bytes(data)
    asked = [str(part) for part in (opendkim, "-x", folder / "conf", "-vv", "-t", folder / "mail")]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
    return re.findall(r"dkim=(pass|fail)", said)
