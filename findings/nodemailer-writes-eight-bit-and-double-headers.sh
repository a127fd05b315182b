#!/bin/sh
# nodemailer 10.6.1, messages as it hands them to an SMTP server:
#
# - `list: { unsubscribe: "https://<internationalised host>/…" }` goes out as raw UTF-8 in the List-Unsubscribe field, in a message that
#   needs no SMTPUTF8 for its addresses. RFC 5322 2.2 allows US-ASCII only there; a URI holds A-labels (RFC 3986).
# - a custom header `content-type` is written beside the library's own, so the message has two Content-Type fields
#   (RFC 5322 3.6 and RFC 2045 allow one), and two readers may take different ones. Of a custom `Subject` beside `subject`, only one is written.
#
# Seen: the lines in `expected`. Fails when that changes. Node.js 20.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund nodemailer@10.6.1
cat > check.mjs <<'NODE'
import nodemailer from 'nodemailer';

const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
const lines = async message => {
  const { message: bytes } = await transport.sendMail({ from: 'a@example.com', to: 'b@example.net', subject: 'x', text: 'x', ...message });
  return bytes.toString('latin1').split('\r\n\r\n')[0].split('\r\n');
};
const listed = await lines({ list: { unsubscribe: 'https://münchen.example/leave' } });
const doubled = await lines({ headers: { 'content-type': 'text/html', Subject: 'other' } });
const seen = [
  `bytes above 127 in the head: ${/[\x80-\xff]/.test(listed.join(''))}`,
  `Content-Type fields: ${doubled.filter(line => /^content-type:/i.test(line)).length}`,
  `Subject fields: ${doubled.filter(line => /^subject:/i.test(line)).length}`,
];
const expected = ['bytes above 127 in the head: true', 'Content-Type fields: 2', 'Subject fields: 1'];
console.log(seen.join('\n'));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
NODE
node check.mjs
