"""Postfix, tuned, with OpenDKIM as a milter on a unix socket; 20 sessions inject by SMTP.

Settings: no ``in_flow_delay``, connection cache, concurrency 20, ``max_use`` 10,000, no address rewriting. An instance of its
own (configuration, queue, data, port); the machine's Postfix, if one runs, is not touched. Postfix needs root.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from bench import keys, program
from bench.program import Unavailable
from bench.system import Load
from tests.support import tools

SESSIONS = 20
MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.bench.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
local_header_rewrite_clients =
receive_override_options = no_address_mappings
smtpd_milters = unix:{home}/milter/socket
milter_default_action = tempfail
relayhost = [127.0.0.1]:{sink}
smtp_dns_support_level = disabled
smtp_tls_security_level = none
in_flow_delay = 0
max_use = 10000
default_destination_concurrency_limit = 20
initial_destination_concurrency = 20
smtp_connection_cache_on_demand = yes
smtp_connection_cache_destinations = [127.0.0.1]:{sink}
smtp_connection_reuse_time_limit = 600s
"""
MASTER = """\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MILTER = """\
Domain shop.example
Selector {selector}
KeyFile {key}
Mode s
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
Socket local:{home}/milter/socket
UMask 000
Syslog no
Background no
RequireSafeKeys no
"""


class Postfix:
    """SMTP in, one signature, SMTP out."""

    name = "postfix"
    title = "Postfix + OpenDKIM"
    durability = "fsync before the 250"

    def __init__(self) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        self._port = 0

    def prepare(self) -> str:
        """Postfix from Debian (it needs its user, so it is installed), OpenDKIM unpacked into the cache."""
        if os.geteuid() != 0:
            raise Unavailable("Postfix's master needs root")
        if not Path("/usr/lib/postfix/sbin/master").exists():
            _install()
        if reason := tools.fetch(["opendkim"]).get("opendkim"):
            raise Unavailable(f"opendkim: {reason}")
        version = program.run(["/usr/sbin/postconf", "-dh", "mail_version"], 20).strip()
        said = program.run([str(tools.find("opendkim")), "-V"], 20).split()
        return f"{version}, OpenDKIM {said[3].lstrip('v') if len(said) > 3 else '?'}"

    def start(self, folder: Path, sink: int) -> None:
        """Milter first, then the instance in the foreground."""
        home = folder / "postfix"
        owner = pwd.getpwnam("postfix").pw_uid
        for name in ("conf", "spool", "data", "milter"):
            (home / name).mkdir(parents=True)
        os.chown(home / "data", owner, -1)
        key = keys.write(home / "key.pem")
        self._port = program.free_port()
        (home / "conf" / "main.cf").write_text(MAIN.format(home=home, sink=sink))
        (home / "conf" / "master.cf").write_text(MASTER.format(port=self._port))
        (home / "opendkim.conf").write_text(MILTER.format(home=home, key=key, selector=keys.SELECTOR))
        log = home / "start.log"
        milter = program.start([str(tools.find("opendkim")), "-f", "-x", str(home / "opendkim.conf")], log)
        self._programs = [milter]
        program.wait_for_path(home / "milter" / "socket", milter, log)
        self._programs.insert(0, program.start(["/usr/sbin/postfix", "-c", str(home / "conf"), "start-fg"], log))
        program.wait_for_port(self._port, self._programs[0], log)

    def roots(self) -> list[int]:
        """Master and milter."""
        return [one.pid for one in self._programs]

    def generator(self, load: Load, out: Path) -> tuple[list[str], dict[str, str]]:
        """20 kept sessions."""
        command = [
            sys.executable,
            "-m",
            "bench.inject",
            "--port",
            str(self._port),
            "--count",
            str(load.count),
            "--connections",
            str(SESSIONS),
            "--rate",
            str(load.rate),
            "--run",
            load.run,
            "--out",
            str(out),
        ]
        return command, {}

    def stop(self) -> None:
        """Master first."""
        for one in self._programs:
            program.stop(one)
        self._programs = []


def _install() -> None:
    """Debian's package with no configuration, so that nothing of it starts by itself. Errors: Unavailable."""
    if not (shutil.which("apt-get") and shutil.which("debconf-set-selections")):
        raise Unavailable("Postfix is not here, and neither is apt-get")
    answer = "postfix postfix/main_mailer_type select No configuration\n"
    subprocess.run(["debconf-set-selections"], input=answer, text=True, check=False, capture_output=True)
    environment = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "-qq", "-y", "--no-install-recommends", "install", "postfix"]
    try:
        program.run(install, 300, env=environment)
    except Unavailable:
        program.run(["apt-get", "-qq", "update"], 300)
        program.run(install, 300, env=environment)
