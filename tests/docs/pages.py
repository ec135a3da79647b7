"""A page of the documentation as what its reader does: blocks in order, and what they show.

The words behind a fence's language say what a block is. A renderer of Markdown ignores them.

    ```sh terminal=NAME      run in that terminal (default: you) and wait for its end, exit code 0
    … background             run, and do not wait
    … interrupt              Ctrl-C in that terminal first
    … exit=N                 it must end with that code
    … opens=URL              a browser looks at this page from now on
    ```text output           what the last block of commands shows before long; `…` is anything
    … of=NAME                another terminal's; `of=browser`: the page's
    ```python file=NAME      save it under this name (any language)

Any other block is only to be read, and may not be of a language that runs.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

FENCE: Final = re.compile(r"^```(\S+)?[ \t]*(.*)\n((?:.*\n)*?)```[ \t]*$", re.MULTILINE)
RUNS: Final = frozenset({"sh", "bash", "shell", "console", "python", "html", "js", "javascript"})


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    attributes: dict[str, str]  # a word without `=` has the value ""
    text: str
    line: int
    section: str  # the heading of the second level that it stands under

    @property
    def is_command(self) -> bool:
        """Whether a reader types it into a terminal."""
        return self.language == "sh"

    @property
    def is_output(self) -> bool:
        """Whether it shows what came of a command."""
        return "output" in self.attributes

    @property
    def is_file(self) -> bool:
        """Whether a reader saves it."""
        return "file" in self.attributes


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    source = page.read_text()
    blocks = []
    for match in FENCE.finditer(source):
        words = (word.partition("=") for word in match[2].split())
        attributes = {name: value for name, _, value in words}
        line = source.count("\n", 0, match.start()) + 1
        headings = re.findall(r"^## (.*)$", source[: match.start()], re.MULTILINE)
        section = headings[-1] if headings else ""
        blocks.append(Block(match[1] or "", attributes, match[3], line, section))
    assert source.count("```") == 2 * len(blocks), f"{page}: a fence is not closed"
    return blocks


DEPLOY: Final = ROOT / "docs/how-to/deploy.md"
ENCRYPT: Final = ROOT / "docs/how-to/encrypt-payloads.md"
INSTALL: Final = ROOT / "docs/how-to/install-the-library.md"
PRODUCTION: Final = ROOT / "docs/how-to/run-in-production.md"
WITH_TESTS_OF_THEIR_OWN: Final = frozenset({ROOT / "README.md", DEPLOY, INSTALL, PRODUCTION})


def pages() -> list[Path]:
    """The pages whose blocks are executed."""
    docs = ROOT / "docs"
    return [
        ROOT / "README.md",
        *sorted(docs.glob("tutorials/*.md")),
        *sorted(docs.glob("how-to/*.md")),
    ]


# What differs between two runs of the same commands.
_VARYING: Final = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z?"), "<date>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?"), "<clock>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s)\b"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"@[0-9a-f]{8}\b"), "@<run>"),
    (re.compile(r"\b(kai|e2e)-[0-9a-f]{8}\b"), "<session>"),
    (re.compile(r"\r$", re.MULTILINE), ""),  # HTTP's line ends
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)


def levelled(text: str) -> str:
    """The text without what differs between two runs."""
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def pattern_of(shown: str) -> re.Pattern[str]:
    """What levelled output must contain so that `shown` is true.

    `…` is anything on a line; a line of nothing else is any number of lines.
    """
    parts = []
    for line in levelled(shown).strip("\n").split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(map(re.escape, line.split("…"))) + r"\n")
    return re.compile("^" + "".join(parts), re.MULTILINE)
