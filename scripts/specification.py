#!/usr/bin/env python3
"""The normative sentences of Espressif's reference of the TCP/IP AT commands, as a numbered list.

    scripts/specification.py docs/en/AT_Command_Set/TCP-IP_AT_Commands.rst >tests/specification.txt

The reference is Espressif's and is not here; the list has an id for each sentence and the words that it begins with, by
which it is found there. A transcript that proves one says so: `cites spec CIPSEND.7`. What counts as a sentence: what a
command is for, each form of an answer, each sentence about a parameter and its values, each note. Examples and the
forms of commands do not: the command table has those. Nor does advice to whoever writes the host.
"""

import re
import sys

WORDS = 12  # how many words of a sentence are quoted
ADVICE = r"It is recommended|Please|This parameter is useful|For more information|The speed of|Upgraded to an older"


def plain(text):
    """Without the markup."""
    text = re.sub(r":\w+:`([^`<]*?)\s*<[^`]*>`", r"\1", text)
    text = re.sub(r":\w+:`([^`]*)`", r"\1", text)
    text = re.sub(r"`([^`<]+?)\s*<http[^`]*>`_+", r"\1", text)
    text = text.replace("**", "").replace("``", "")
    return re.sub(r"\s+", " ", text).strip()


def sentences(text):
    """Apart, but for full stops within `e.g.` and numbers."""
    text = re.sub(r"\b(e\.g|i\.e|etc)\.", lambda m: m[0].replace(".", "\0"), text)
    parts = re.split(r"(?<=[.;!?])\s+(?=[A-Z<`\"])", text)
    parts = [p.replace("\0", ".").strip() for p in parts]
    return [p for p in parts if p.strip(" .") and not re.match(ADVICE, p)]


def quoted(sentence):
    words = sentence.split(" ")
    return " ".join(words[:WORDS]) + (" …" if len(words) > WORDS else "")


def blocks(lines):
    """(kind, indentation, text): `title`, `bullet`, `prose`, `code`."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith(".. _") or ":link_to" in line:
            at += 1
            continue
        under = lines[at + 1] if at + 1 < len(lines) else ""
        if re.fullmatch(r"([-=^\"'])\1{3,}\s*", under):
            yield "title", under[0], line.strip()
            at += 2
            continue
        if line.strip() == "::":
            code = []
            at += 1
            while at < len(lines) and (not lines[at].strip() or lines[at].startswith(" ")):
                code.append(lines[at].strip())
                at += 1
            yield "code", 0, "\n".join(code).strip()
            continue
        bullet = re.match(r"(\s*)-\s+(.*)", line)
        indent = len(bullet[1]) if bullet else len(line) - len(line.lstrip())
        text = bullet[2] if bullet else line.strip()
        at += 1
        # Lines of one paragraph: none of the document's is folded with a blank line or a bullet in it.
        while not bullet and at < len(lines) and lines[at].strip() and not re.match(r"\s*-\s|\S*::$", lines[at]):
            after = lines[at + 1] if at + 1 < len(lines) else ""
            if re.fullmatch(r"([-=^\"'])\1{3,}\s*", after):
                break
            text += " " + lines[at].strip()
            at += 1
        yield ("bullet" if bullet else "prose"), indent, text


def main(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    command, form, part, outer, when, variant, count = None, "", "", "", "", "", 0

    def item(text):
        nonlocal count
        count += 1
        print(f"{command}.{count}\t{variant}{text}")

    for kind, level, text in blocks(lines):
        if kind == "title":
            named = re.search(r"AT\+(\w+)|(\+\+\+)", text)
            if level == "-":
                command, count = (named[1] or "+++"), 0
                form = part = variant = ""
            elif level != "=":
                word = plain(text)
                part = word if re.match(r"Param|Note|Example", word) else ""
                if word.endswith(" Command"):
                    form = word.removesuffix(" Command")
                elif not part:
                    variant = re.search(r"(TCP|UDP|SSL)", word)[1] + ", "
            continue
        if command is None or part.startswith("Example"):
            continue
        if kind == "code":
            if part == "Response" and text:
                answers = [line for line in re.sub(r"\s*//.*", "", text).split("\n") if line.strip()]
                first = " / ".join(answers[:2])
                item(f"{form}: {when}the answer {first}" + (" …" if len(answers) > 2 else ""))
                when = ""
            continue
        text = plain(text)
        if re.fullmatch(r"(Function|Command|Response):", text):
            part = text.rstrip(":")
            continue
        if text == "or":
            continue
        if part == "Response" and text.endswith(":"):
            before, _, last = text.rpartition(". ")
            when = re.sub(r",? (AT|the system) returns:$", "", last) + ": "
            text = before
        if kind == "bullet":
            named = re.match(r"(\[?<[^>]*>\]?)\s*:?\s*", text)
            if level == 0 and part.startswith("Param"):
                outer = named[1] if named else ""
                text = text[named.end():] if named else text
                for sentence in sentences(text):
                    item(f"{outer}: {quoted(sentence)}")
                continue
            prefix = f"{outer} " if part.startswith("Param") else ""
            for sentence in sentences(text):
                item(prefix + quoted(sentence))
            continue
        for sentence in sentences(text):
            item(f"{form}: {quoted(sentence)}" if form and not part.startswith("Note") else quoted(sentence))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
