# Goal: no page sends its reader to a file or a heading that is not there.
# Method: every link of every Markdown page is followed within the project; addresses outside are only read.

import pathlib
import re
import subprocess
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)


def anchors_of(page):
    """The anchors of a page's headings, as the hosts of repositories make them."""
    found, seen = set(), {}
    for heading in HEADING.findall(FENCE.sub("", page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def broken_links(root, pages):
    found = []
    for page in pages:
        text = CODE.sub("", FENCE.sub("", page.read_text()))
        for link in LINK.findall(text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            where = page.relative_to(root)
            if not target.exists() or not target.is_relative_to(root):
                found.append(f"{where}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and anchor not in anchors_of(target.read_text()):
                found.append(f"{where}: {link}: there is no such heading")
    return found


class BrokenLinksTest(unittest.TestCase):
    def test_missing_files_and_headings_are_found_and_code_is_not_read(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name).resolve()
            page = root / "a.md"
            page.write_text("# One `two`: three\n[a](#one-two-three) [b](#four) [c](b.md) [d](https://example.com)\n"
                            "`[e](f.md)`\n```\n[g](h.md)\n```\n")
            self.assertEqual(broken_links(root, [page]), ["a.md: #four: there is no such heading",
                                                          "a.md: b.md: there is no such file"])


class EveryLinkTest(unittest.TestCase):
    def test_every_link_of_every_page_leads_somewhere(self):
        listed = subprocess.run(["git", "-C", PROJECT, "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard", "*.md"], capture_output=True, text=True, check=True)
        pages = [PROJECT / name for name in listed.stdout.split("\0") if name and (PROJECT / name).exists()]
        self.assertGreater(len(pages), 20)
        self.assertEqual(broken_links(PROJECT, pages), [])


if __name__ == "__main__":
    unittest.main()
