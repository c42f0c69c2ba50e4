"""The commands of README.md and of the guide do what the pages show."""

import pathlib
import unittest

import page_session


def is_running(process_id):
    stat = pathlib.Path("/proc", process_id, "stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


class PageTest(unittest.TestCase):
    def check_page(self, name, examples_min):
        examples = page_session.examples_of((page_session.PROJECT / name).read_text())
        self.assertGreaterEqual(len(examples), examples_min, f"{name} has lost its examples")
        for outcome in page_session.run(examples):
            with self.subTest(page=name, command=outcome.example.command):
                self.assertEqual(page_session.problem_of(outcome), "")

    @unittest.skipIf(page_session.missing(), page_session.missing())
    def test_the_tour_of_the_readme_works(self):
        self.check_page("README.md", 8)


class PageSessionTest(unittest.TestCase):
    def test_an_example_is_a_block_of_bash_and_what_it_prints(self):
        page = "```bash\necho a\n```\nso:\n```text\na\n```\n```text\nmore\n```\n```bash\nb\n```\n"
        self.assertEqual(page_session.examples_of(page), [("echo a\n", "a\n"), ("b\n", "")])

    def test_blocks_of_make_are_not_run(self):
        self.assertEqual(page_session.examples_of("```bash\nmake run  # all\n```\n"), [])

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
        self.assertFalse(is_running(first.printed.strip()))


if __name__ == "__main__":
    unittest.main()
