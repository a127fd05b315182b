#!/bin/sh
# A report by mail (RFC 3464: text, message/delivery-status, message/rfc822) read by the two parsers that Node.js programs use:
#
# - mailparser 3.14.2 gives no part of type message/delivery-status: its fields are appended to `text`, where they cannot be
#   told from what the person or the server wrote above them.
# - postal-mime 4.0.0 gives the part, but the returned message has LF where CRLF was sent, so it is shorter than what was
#   sent, and a DKIM body hash over it no longer fits unless the line ends are restored.
#
# Seen: the lines in `expected`. Fails when that changes. Node.js 20.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund mailparser@3.14.2 postal-mime@4.0.0
cat > check.mjs <<'NODE'
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';

const returned = ['From: shop@example.com', 'To: a@example.net', 'Subject: Your code', 'Content-Type: text/plain', '', 'Code 123456', ''];
const report = [
  'From: MAILER-DAEMON@mx.example', 'To: b@example.com', 'Subject: Undelivered', 'Message-ID: <1@mx.example>', 'MIME-Version: 1.0',
  'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', '',
  '--b', 'Content-Type: text/plain', '', 'It failed.',
  '--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.example', '',
  'Final-Recipient: rfc822; a@example.net', 'Action: failed', 'Status: 5.1.1', '',
  '--b', 'Content-Type: message/rfc822', '', ...returned,
  '--b--', '',
].join('\r\n');

const first = await simpleParser(report);
const second = await PostalMime.parse(report);
const seen = [
  `mailparser: ${first.attachments.map(a => a.contentType)}; status in text: ${first.text.includes('Status: 5.1.1')}`,
  `mailparser: returned message has CRLF: ${first.attachments[0].content.toString().includes('\r\n')}`,
  `postal-mime: ${second.attachments.map(a => a.mimeType)}; status in text: ${second.text.includes('Status')}`,
  `postal-mime: returned message has CRLF: ${Buffer.from(second.attachments[1].content).toString().includes('\r\n')}`,
];
const expected = [
  'mailparser: message/rfc822; status in text: true',
  'mailparser: returned message has CRLF: true',
  'postal-mime: message/delivery-status,message/rfc822; status in text: false',
  'postal-mime: returned message has CRLF: false',
];
console.log(seen.join('\n'));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
NODE
node check.mjs
