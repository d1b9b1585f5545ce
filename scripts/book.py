#!/usr/bin/env python3
"""Lays out the documentation's site for mdBook, and checks the HTML that comes out.

    book.py stage FOLDER    FOLDER/src: the pages of docs/book/SUMMARY.md where they stand in the repository, and the files that
                            they link to
    book.py check FOLDER    every link and anchor in FOLDER/html leads somewhere

Pages keep their places, so their links are the ones that people follow in the repository, too. A link to a folder that has a
page leads to that page; other folders are no links on the site.
"""

import html.parser
import pathlib
import re
import shutil
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
BOOK = ROOT / "docs" / "book"
LINK = re.compile(r"(!?\[[^\]\n]*\])\(([^)\s]+)\)")


def is_elsewhere(target):
    return bool(urllib.parse.urlsplit(target).scheme) or target.startswith("#")


def pages():
    return re.findall(r"\]\(([^)]+\.md)\)", (BOOK / "SUMMARY.md").read_text("utf-8"))


def stage(folder):
    source = folder / "src"
    shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    shutil.copy(BOOK / "book.toml", folder)
    shutil.copy(BOOK / "site.css", folder)
    shutil.copy(BOOK / "SUMMARY.md", source)
    known = pages()
    for page in known:
        put_page(page, known, source)


def put_page(page, known, source):
    here = (ROOT / page).parent

    def link(match):
        text, target = match.groups()
        if is_elsewhere(target):
            return match[0]
        path, _, anchor = target.partition("#")
        file = (here / path).resolve()
        name = file.relative_to(ROOT).as_posix()
        if file.is_dir():
            return f"{text}({path.rstrip('/')}/index.md)" if f"{name}/README.md" in known else text[1:-1]
        if name in known:
            # mdBook calls the page of a README.md index.html, but where a link leads to it does not know that.
            return f"{text}({re.sub('README.md', 'index.md', target)})"
        copy = source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        return match[0]

    text, code = [], False
    for line in (ROOT / page).read_text("utf-8").splitlines(keepends=True):
        code ^= line.startswith("```")
        text.append(line if code else LINK.sub(link, line))
    target = source / page
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(text), "utf-8")


class Page(html.parser.HTMLParser):
    """What one page links to, and the anchors in it."""

    def __init__(self, file):
        super().__init__()
        self.anchors, self.links = set(), []
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors.update(filter(None, (attrs.get("id"), attrs.get("name"))))
        self.links += [attrs[name] for name in ("href", "src") if attrs.get(name)]


def check(folder):
    root = folder / "html"
    found = {file.resolve(): Page(file) for file in root.rglob("*.html")}
    broken, count = [], 0
    for file, page in found.items():
        # print.html has all pages in one; toc.html is a frame of another page.
        if file.name in ("print.html", "toc.html", "404.html"):
            continue
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.is_file():
                broken.append(f"{file.relative_to(root.resolve())}: {link} leads nowhere")
            elif anchor and target in found and anchor not in found[target].anchors:
                broken.append(f"{file.relative_to(root.resolve())}: {link} has no such anchor")
    print("\n".join(broken) or f"{len(found)} pages, {count} links: each leads somewhere")
    return 1 if broken else 0


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("stage", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[1])
    return stage(folder) if arguments[0] == "stage" else check(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
