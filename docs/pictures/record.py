#!/usr/bin/env python3
"""Draws what a command prints as an SVG of a terminal: tests/demo-watch.sh | docs/pictures/record.py TITLE > picture.svg

Lines that a demo prints in bold (its own words between two commands) stay bold. Times are left out, so that the same run draws the
same picture.
"""
import re
import sys
from html import escape

WIDTH, LINE, CHARACTER, MARGIN, MOST = 860, 19, 7.8, 18, 104


def lines(text):
    for line in text.splitlines():
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        line = re.sub(r"^\d{4}-\d\d-\d\dT[\d:]+Z ", "", line)
        line = re.sub(r"\d{4}-\d\d-\d\dT(\d\d:\d\d):\d\dZ", r"\1", line)
        line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", line)
        line = re.sub(r"(user_code=|\b)[A-Z]{4}-[A-Z]{4}", r"\1BCDF-GHJK", line)
        yield line if len(line) <= MOST else line[: MOST - 1] + "…"


def color(line):
    if line.startswith("$ "):
        return "command"
    if "login required" in line and "no login" not in line:
        return "bad"
    if "successful" in line or "no login required" in line:
        return "good"
    return "plain"


def main():
    title = sys.argv[1] if len(sys.argv) > 1 else "terminal"
    drawn = [line for line in lines(sys.stdin.read())]
    while drawn and not drawn[0]:
        drawn.pop(0)
    height = 52 + LINE * len(drawn) + MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">')
    print(
        "<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}"
        ".plain{fill:#d7dae0}.command{fill:#8ab4f8}.good{fill:#81c995}.bad{fill:#fdd663}.title{fill:#9aa0a6}</style>"
    )
    print(f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#1f2227"/>')
    for number, fill in enumerate(("#f28b82", "#fdd663", "#81c995")):
        print(f'<circle cx="{22 + 18 * number}" cy="20" r="6" fill="{fill}"/>')
    print(f'<text class="title" x="{WIDTH / 2}" y="24" text-anchor="middle">{escape(title)}</text>')
    for number, line in enumerate(drawn):
        if line:
            print(f'<text class="{color(line)}" x="{MARGIN}" y="{58 + LINE * number}">{escape(line)}</text>')
    print("</svg>")


main()
