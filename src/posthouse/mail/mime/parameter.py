"""The parameters of Content-Type and Content-Disposition. (RFC 2045 section 5.1, RFC 2183, RFC 2231)

One pass, at most 200 parameters; the first of two equal names counts. Writing gives one form only: a quoted
string where the value is short ASCII, else RFC 2231 in numbered pieces.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from posthouse.mail import charset
from posthouse.mail.header import decode_words

COUNT_LIMIT: Final = 200
_PARAMETER: Final = re.compile(r""";[ \t]*([A-Za-z0-9!#$%&'*+.^_`|~-]{1,80})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;]*+))""")
_NUMBERED: Final = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*?)")
_SHORT: Final = 60
_OCTETS: Final = re.compile(r"(?:%..|[^%]){1,20}")  # whole octets, so that each piece can be decoded alone
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")


def parse(value: str) -> tuple[str, dict[str, str]]:
    """The main value and the parameters, names in lower case, of an unfolded field."""
    if ";" not in value:
        return value.strip().lower(), {}
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count == COUNT_LIMIT:
            break
        text = match[3].strip() if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        name = match[1].lower()
        if "*" in name and (numbered := _NUMBERED.fullmatch(name)):
            pieces.setdefault(numbered[1], {}).setdefault(int(numbered[2] or 0), (bool(numbered[3]), text))
        else:
            plain.setdefault(name, decode_words(text))
    return main, plain | {name: _joined(numbered) for name, numbered in pieces.items()}


def write(main: str, parameters: Mapping[str, str]) -> bytes:
    """The value of a field, folded with a parameter a line; names and ``main`` are tokens already."""
    lines = [main]
    for name, value in parameters.items():
        lines += _encode_parameter(name, value)
    return ";\r\n ".join(lines).encode()


def _joined(pieces: Mapping[int, tuple[bool, str]]) -> str:
    """RFC 2231 sections 3 and 4: the pieces in order, percent-decoded where marked, in the charset the first names."""
    encoded, first = pieces[min(pieces)]
    label = ""
    if encoded and first.count("'") >= 2:  # charset'language'text
        label, _, first = first.split("'", 2)
    parts = [unquote_to_bytes(first) if encoded else first.encode()]
    for number in sorted(pieces)[1:]:
        encoded, text = pieces[number]
        parts.append(unquote_to_bytes(text) if encoded else text.encode())
    return decode_words(charset.decode(b"".join(parts), label)) if not label else charset.decode(b"".join(parts), label)


def _encode_parameter(name: str, value: str) -> list[str]:
    if len(value) <= _SHORT and value.isascii() and "=?" not in value and _PLAIN.fullmatch(value):
        return [f'{name}="{value}"']
    text = "utf-8''" + quote(value.encode("utf-8", "replace"), safe="")
    if len(text) <= _SHORT:
        return [f"{name}*={text}"]
    return [f"{name}*{number}*={piece}" for number, piece in enumerate(_OCTETS.findall(text))]
