"""What people write: a Celery task that renders, builds, signs and sends one mail. Runs in Celery's own environment."""

import os
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import dkim
from celery import Celery
from jinja2 import Environment, FileSystemLoader, select_autoescape

app = Celery("mails", broker=os.environ["BENCH_REDIS"])
app.conf.task_ignore_result = True
templates = Environment(loader=FileSystemLoader(os.environ["BENCH_TEMPLATES"]), autoescape=select_autoescape())
key = Path(os.environ["BENCH_KEY"]).read_bytes()


@app.task
def send_reset(to: str, name: str, link: str, subject: str) -> None:
    """One password reset."""
    message = EmailMessage()
    message["From"] = "Shop <noreply@shop.example>"
    message["To"] = to
    message["Reply-To"] = "help@shop.example"
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="shop.example")
    message.set_content(templates.get_template("reset.txt").render(name=name, link=link))
    message.add_alternative(templates.get_template("reset.html").render(name=name, link=link), subtype="html")
    data = message.as_bytes().replace(b"\n", b"\r\n")
    signature = dkim.sign(data, b"bench", b"shop.example", key, canonicalize=(b"relaxed", b"relaxed"))
    with smtplib.SMTP("127.0.0.1", int(os.environ["BENCH_SMTP"])) as server:
        server.sendmail("noreply@shop.example", [to], signature + data)
