"""Runs the ```bash examples of a page as a reader would: in one shell, from top to bottom.

A block that follows an example, ```text or ```json, is what it prints. In it `...` stands for any
text, and times, large numbers and ids of requests for any others of their kind. The folder of the shell is a
temporary one that looks like the project after `make build`; ports are free ones. Blocks with commands of
FOR_THE_READER are not run.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
from typing import NamedTuple

from ports import free_port

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = PROJECT / "build" / "betrace"
SECONDS_MAX = 60
# As the pages write them. The first three are those that servers take unless told otherwise.
PORTS = ("12011", "4318", "4317", "22011", "24318")
FOR_THE_READER = re.compile(r"^(?:make|kubectl|helm|docker|aws|sudo) ", re.MULTILINE)

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run. The first pattern that fits at a place counts.
VARIABLE = re.compile("|".join([
    r"(?P<any>\.\.\.)",
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)",
    r"(?P<date>\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)",
    r"(?P<clock>\b\d\d:\d\d:\d\d\b)",
    r"(?P<number>\b\d{10,19}\b)",
    r"(?P<request>(?<=request_id\": \")[0-9a-f]{16}|(?<=request_id\":\")[0-9a-f]{16})",
]))
ANY_OF = {"any": r".*?", "time": r"\d{4}-\d\d-\d\dT[\d:.]+Z", "date": r"\w{3}, [\w :]+ GMT",
          "clock": r"\d\d:\d\d:\d\d", "number": r"\d+", "request": r"[0-9a-f]{16}"}


class Example(NamedTuple):
    command: str
    shown: str  # empty: nothing is said of what it prints


class Outcome(NamedTuple):
    example: Example
    printed: str
    exit_code: int


def missing():
    """Says what is needed and not there, or nothing."""
    if not PROGRAM.exists():
        return "there is no build/betrace; run make build first"
    absent = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def examples_of(page):
    """Returns the examples of a page that are run."""
    examples = []
    is_shown = False
    for language, text in FENCE.findall(page):
        if language == "bash":
            is_shown = not FOR_THE_READER.search(text)
            if is_shown:
                examples.append(Example(text, ""))
        elif language in ("text", "json") and is_shown:
            examples[-1] = examples[-1]._replace(shown=text)
            is_shown = False
    return examples


def fits(shown, printed):
    """Is `printed` what the page shows?"""
    pattern, end = "", 0
    for match in VARIABLE.finditer(shown):
        pattern += re.escape(shown[end:match.start()]) + ANY_OF[match.lastgroup]
        end = match.end()
    return re.fullmatch(pattern + re.escape(shown[end:]), printed, re.DOTALL) is not None


def make_folder(folder):
    (folder / "build").mkdir()
    (folder / "build" / "betrace").symlink_to(PROGRAM.resolve())
    for name in ("rules", "tests", "tools"):
        (folder / name).symlink_to(PROJECT / name)


def script_of(examples):
    parts = []
    for number, example in enumerate(examples):
        parts.append(f"{example.command}\nprintf '\\n<%s %s>\\n' end-{number} $?\n")
    return "".join(parts)


def run_shell(script, folder, environment):
    """Returns what the shell printed. Whatever it started is gone afterwards."""
    with open(folder / "printed", "w+b") as printed:
        shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT,
                                 start_new_session=True)
        try:
            shell.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pass
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            shell.wait()
        printed.seek(0)
        return printed.read().decode().replace("\r\n", "\n")


def put_ports(text, replacements):
    """`text` with the ports that stand in it as those that they are replaced by."""
    of = dict(replacements)
    return re.sub(rf"(?<![\w.])(?:{'|'.join(of)})(?!\w)", lambda found: of[found[0]], text)


def run(examples):
    """Runs the examples and returns an outcome for each; one that was not reached has exit code -1."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_folder(folder)
        ports = [str(free_port()) for _ in PORTS]
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith(("BETRACE_", "OTEL_"))}
        environment = kept | dict(zip(
            ("BETRACE_HTTP_PORT", "BETRACE_OTLP_HTTP_PORT", "BETRACE_OTLP_GRPC_PORT"), ports))
        printed = run_shell(put_ports(script_of(examples), zip(PORTS, ports)), folder, environment)
    printed = put_ports(printed, zip(ports, PORTS))
    outcomes = []
    for number, example in enumerate(examples):
        part, end, rest = printed.partition(f"\n<end-{number} ")
        if not end:
            outcomes.append(Outcome(example, part, -1))
            printed = ""
            continue
        code, _, printed = rest.partition(">\n")
        part = part if part.endswith("\n") or not part else part + "\n"
        outcomes.append(Outcome(example, part, int(code)))
    return outcomes


def problem_of(outcome):
    """Returns what is wrong with an outcome, or nothing."""
    said = f"$ {outcome.example.command}{outcome.printed}"
    if outcome.exit_code != 0:
        return f"exit code {outcome.exit_code}:\n{said}"
    if outcome.example.shown and not fits(outcome.example.shown, outcome.printed):
        return f"the page shows:\n{outcome.example.shown}but it is:\n{said}"
    return ""
