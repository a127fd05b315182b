"""Returned mail in the ways of servers that write letters of their own, and in the words of hosts in several languages."""

import pytest

from posthouse.mail.reports.report import read
from posthouse.policy.recipients.bounce import judge

HEAD = "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\nTo: shironeko@example.jp\nSubject: {subject}\n\n"
PERSON = "kijitora@example.org"
EXIM = (
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to "
    "one or more of its\n"
    "recipients. This is a permanent error. The following address(es) failed:\n\n  kijitora@example.org\n"
    "    SMTP error from remote mail server after RCPT TO:<kijitora@example.org>:\n    host mx.example.org [192.0.2.1]: {said}\n"
)
LETTERS = {
    'james': ('hard', 'Delivery failed', 'Message sent through James could not be delivered to recipient:\n\nError message below:\n550 5.1.1 User unknown\n\nMessage details:\n  Subject: Nyaaan\n  Sent date: Thu Apr 29 01:20:50 JST 2015\n  MAIL FROM: shironeko@example.jp\n  RCPT TO: kijitora@example.org\n  From: Neko <shironeko@example.jp>\n  To: kijitora@example.org\n  Size (in bytes): 1024\n'),
    'biglobe': ('soft', 'Returned mail: see transcript', "   ----- The following addresses had delivery problems -----\n** kijitora@example.org\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n\n"),
    'imss': ('hard', 'Mail could not be delivered', 'Sent <<< RCPT TO:<kijitora@example.org>\nReceived >>> 550 5.1.1 <kijitora@example.org>... user unknown\n'),
    'kddi': ('soft', 'Mail System Error - Returned Mail', 'Your mail sent on: Thu, 29 Apr 2010 11:04:47 +0900\n\nCould not be delivered to: <kijitora@example.org>\nAs their mailbox is full.\n'),
    'mailmarshal': ('hard', 'Undeliverable Mail: "x"', 'Your message:\n   From:    shironeko@example.jp\n   Subject: Nyaan\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected: \n    kijitora@example.org\n\n\nAdditional Information\n======================\nOriginal Sender:    <shironeko@example.jp>\nSender-MTA:         <10.11.12.13>\nRemote-MTA:         <10.0.0.1>\nReporting-MTA:      <relay.example.com>\nMessageName:        <B549996730000.000000000001.0003.mml>\nLast-Attempt-Date:  <16:21:07 seg, 22 Dezembro 2014>\n'),
    'x2': ('hard', 'Delivery failure', "Unable to deliver message to the following address(es).\n\n<kijitora@example.org>:\nThis user doesn't have a example.org account (kijitora@example.org) [0]\n\n--- Original message follows.\n\nReturn-Path: <shironeko@example.jp>\n"),
    'yahoo': ('hard', 'Failure Notice', 'Sorry, we were unable to deliver your message to the following address.\n\n<kijitora@example.org>:\nRemote host said:\n550 5.1.1 <kijitora@example.org>... User Unknown\n [RCPT_TO]\n\n--- Below this line is a copy of the message.\n'),
    'exchange55': ('hard', 'Undeliverable: Nyaan', 'Your message\n\n  To:      kijitora@example.org\n  Subject: Nyaan\n  Sent:    Thu, 29 Apr 2010 23:34:45 +0900\n\ndid not reach the following recipient(s):\n\nkijitora@example.org on Thu, 29 Apr 2010 23:34:45 +0900\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=jp;a= ;p=neko;l=EXCHANGE000000000\n    MSEXCH:IMS:KIJITORA CAT:EXAMPLE:EXCHANGE 0 (000C05A6) Unknown Recipient\n'),
    'notes': ('hard', 'DELIVERY FAILURE: User not listed', '------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nkijitora@example.org\n\n------- Returned Message --------\nReceived: from x\n'),
    'o365': ('hard', 'Undeliverable: Nyaan', "Your message to kijitora@example.org couldn't be delivered.\n\nkijitora wasn't found at example.org.\n\nshironeko\tOffice 365\tkijitora\nAction Required\t\tRecipient\nUnknown To address\n\nHow to Fix It\nThe address might be misspelled or might not exist. Try one or more of the following:\n"),
    'gmailold': ('soft', 'Delivery Status Notification (Failure)', 'Delivery to the following recipient failed permanently:\n\n     kijitora@example.org\n\nTechnical details of permanent failure: \nGoogle tried to deliver your message, but it was rejected by the recipient domain. We recommend contacting the other email provider for further information about the cause of this error. The error that the other server returned was: 550 550 5.2.2 <kijitora@example.org>... Mailbox Full (state 14).\n\n   ----- Original message -----\n'),
    'gmailnew': ('hard', 'Delivery Status Notification (Failure)', "** Address not found **\n\nYour message wasn't delivered to kijitora@example.org because the address couldn't be found, or is unable to receive mail.\n\nThe response was:\n\n550 5.1.1 The email account that you tried to reach does not exist.\n"),
    'groupwise': ('hard', 'Message status - undeliverable', 'The message that you sent was undeliverable to the following:\n\n\tkijitora@example.org (user not found)\n\nPossibly truncated original message follows:\n\n'),
    'mdaemon': ('hard', 'Permanent Delivery Failure', 'The attached message had PERMANENT fatal delivery errors!\n\nAfter one or more unsuccessful delivery attempts the attached message has been removed from the mail queue on this server.\n\n--- Session Transcript ---\n Session 0; child 0001\n --> RCPT To:<kijitora@example.org>\n <-- 550 5.1.1 <kijitora@example.org>, Recipient unknown\n--- End Transcript ---\n'),
    'imail': ('hard', 'Undeliverable Mail', 'Unknown user: kijitora@example.org\n\nOriginal message follows.\n\nReceived: from\n'),
    'mercury': ('hard', 'Delivery failure notification', 'The attached message has failed delivery to one or more recipients\n\n   <kijitora@example.org>\n   Error: User not known at this site.\n'),
    'communigate': ('hard', 'Undeliverable mail: Nyaan', "Failed to deliver to '<kijitora@example.org>'\nSMTP module(domain mail.example.org) reports:\n relay.example.org (192.0.2.1) responded:\n 550 5.1.1 unknown user\n"),
    'plesk': ('hard', 'failure notice', "Hi. This is the qmail-send program at example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<kijitora@example.org>:\nThis address no longer accepts mail.\n\n--- Below this line is a copy of the message.\n"),
    'gmxde': ('hard', 'Mail delivery failed: returning message to sender', 'This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address(es)\nfailed:\n\n"kijitora@example.org":\nSMTP error from remote server after RCPT command:\nhost: mx.example.org\n5.1.1 <kijitora@example.org>... User unknown\n\n--- The header of the original message is following. ---\n'),
    'exim-unroute': ('hard', 'Mail delivery failed', 'This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  kijitora@example.org\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n'),
    'cgate2': ('soft', 'Undeliverable mail', "Failed to deliver to 'kijitora@example.org'\nLOCAL module(account kijitora) reports:\n account is full (quota exceeded)\n"),
    'zimbra': ('hard', 'Undelivered Mail Returned to Sender', 'This is the mail system at host mx.example.com.\n\n<kijitora@example.org>: Host or domain name not found. Name service error for\n    name=example.org type=AAAA: Host not found\n'),
}  # fmt: skip
NOBODY = (
    "550 unknown local part kijitora in <kijitora@example.org>", "550 No account by that name here", "550 Not my customer", "550 No local mailbox",
    "550 unknown email address", "550 Sorry, I couldn't find a mailbox by that name", "550 this mailbox has been deleted", "550 5.1.1 unknown or illegal alias",
    "550 5.4.1 [kijitora@example.org]: Recipient address rejected: Access denied", "550 Utilisateur inconnu", "550 L'adresse n'existe pas",
    "550 Empfaenger unbekannt", "550 Unbekannter Benutzer", "550 Usuario desconocido", "550 no existe el usuario", "550 utente sconosciuto",
)  # fmt: skip
ABOUT_US = (
    "550 Domain of sender address does not exist", "550 5.4.1 Domain of sender does not resolve", "501 sender domain must exist",
    "553 sorry, your envelope sender is in my badmailfrom list", "550 Sender verify failed",
)  # fmt: skip
NOT_FOR_GOOD = (
    "550 5.2.1 Mailbox unavailable. Your IP address is on a block list", "550 5.7.1 Access denied", "451 4.7.1 Please try again later",
    "550 #5.1.0 Address rejected", "550 Mailbox unavailable or access denied", "554 transaction failed", "550 recipient's quota exceeded",
)  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("server", LETTERS)
def test_a_letter_says_who_and_why(server: str, end: str) -> None:
    kind, subject, letter = LETTERS[server]
    [found] = judge(read((HEAD.format(subject=subject) + letter).replace("\n", end).encode()))
    assert (found.recipient, found.kind.value, found.suppresses) == (PERSON, kind, kind == "hard")


@pytest.mark.parametrize("said", NOBODY)
def test_nobody_is_nobody_in_many_words(said: str) -> None:
    [found] = judge(read((HEAD.format(subject="Mail delivery failed") + EXIM.format(said=said)).encode()))
    assert (found.recipient, found.kind.value, found.suppresses) == (PERSON, "hard", True), found


@pytest.mark.parametrize("said", ABOUT_US)
def test_what_is_about_our_sender_is_nobodys_fault_there(said: str) -> None:
    [found] = judge(read((HEAD.format(subject="Mail delivery failed") + EXIM.format(said=said)).encode()))
    assert (found.kind.value, found.reason, found.suppresses) == ("blocked", "sender_rejected", False)


@pytest.mark.parametrize("said", NOT_FOR_GOOD)
def test_what_is_in_doubt_suppresses_nobody(said: str) -> None:
    [found] = judge(read((HEAD.format(subject="Mail delivery failed") + EXIM.format(said=said)).encode()))
    assert not found.suppresses
