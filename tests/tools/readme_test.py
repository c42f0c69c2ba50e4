"""The commands of README.md and of the guide do what the pages show."""

import concurrent.futures
import pathlib
import time
import unittest

import page_session

# And how many examples each has at least.
PAGES = {"README.md": 8, "docs/guide/user-guide.md": 12, "docs/guide/operator-guide.md": 2, "docs/guide/api.md": 20,
         "docs/guide/security.md": 5, "docs/guide/verification.md": 6}


def ends_soon(process_id):
    """Killed is not yet gone; a process that nobody has waited for is gone enough."""
    stat = pathlib.Path("/proc", process_id, "stat")
    for _ in range(200):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


@unittest.skipIf(page_session.missing(), page_session.missing())
class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Runs the pages at the same time: they mostly wait."""
        cls.examples = {page: page_session.examples_of((page_session.PROJECT / page).read_text())
                        for page in PAGES}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            cls.outcomes = dict(zip(PAGES, pool.map(page_session.run, cls.examples.values())))

    def check_page(self, page):
        self.assertGreaterEqual(len(self.examples[page]), PAGES[page], "the page lost its examples")
        for outcome in self.outcomes[page]:
            with self.subTest(command=outcome.example.command):
                self.assertEqual(page_session.problem_of(outcome), "")

    def test_the_tour_of_the_readme_works(self):
        self.check_page("README.md")

    def test_the_way_of_the_user_guide_works(self):
        self.check_page("docs/guide/user-guide.md")

    def test_the_examples_of_the_operator_guide_work(self):
        self.check_page("docs/guide/operator-guide.md")

    def test_the_examples_of_the_page_of_verification_work(self):
        self.check_page("docs/guide/verification.md")

    def test_the_examples_of_the_api_guide_work(self):
        self.check_page("docs/guide/api.md")

    def test_the_examples_of_the_security_guide_work(self):
        self.check_page("docs/guide/security.md")


class PageSessionTest(unittest.TestCase):
    def test_an_example_is_a_block_of_bash_and_what_it_prints(self):
        page = "```bash\necho a\n```\nso:\n```text\na\n```\n```text\nmore\n```\n```bash\nb\n```\n"
        self.assertEqual(page_session.examples_of(page), [("echo a\n", "a\n"), ("b\n", "")])

    def test_blocks_of_make_and_of_clusters_are_not_run(self):
        for command in ("make run  # all", "cd .\nkubectl get pods"):
            self.assertEqual(page_session.examples_of(f"```bash\n{command}\n```\n"), [])

    def test_ports_are_put_where_they_stand_alone(self):
        ports = [("4317", "1"), ("4318", "2")]
        self.assertEqual(page_session.put_ports(":4318 4317 84317 4318a 0.4317", ports), ":2 1 84317 4318a 0.4317")

    def test_times_and_what_is_left_out_may_differ_and_nothing_else(self):
        shown = 'at 10:00:00 trace 0123456789abcdef, ... end\n'
        self.assertTrue(page_session.fits(shown, "at 23:59:59 trace 0123456789abcdef, b end\n"))
        self.assertFalse(page_session.fits(shown, "at 23:59:59 trace fedcba9876543210, b end\n"))
        self.assertFalse(page_session.fits(shown, "at noon trace 0123456789abcdef, b end\n"))

    @unittest.skipIf(page_session.missing(), page_session.missing())
    def test_examples_share_a_shell_and_what_they_start_is_ended(self):
        examples = [page_session.Example(text, "") for text in
                    ("a=1; sleep 60 & echo $!\n", "echo $a; exit 3\n", "true\n")]
        first, second, third = page_session.run(examples)
        self.assertEqual((first.exit_code, second.exit_code, third.exit_code), (0, -1, -1))
        self.assertEqual(second.printed, "1\n")
        self.assertTrue(ends_soon(first.printed.strip()))


if __name__ == "__main__":
    unittest.main()
