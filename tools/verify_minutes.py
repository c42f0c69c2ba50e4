"""Does a coverage record tell of each minute in which the service ran? For tools/verify_bundle.py.

The rules stand in docs/guide/verification.md, "Every minute".
"""
import datetime

# Causes of gaps by which the log tells of itself.
FAULTS = "commit_failed corrupt disk_full io_error salvaged wal_damaged wal_missing".split()

def nanos(text):
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    time = datetime.datetime.fromisoformat(seconds + "+00:00")
    return int(time.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))

class Minutes:
    """Is given all records in the order of the chain; ValueError names the first that is missing."""
    phase = "unknown"  # until the first record that has a time, then begun, covered or stopped
    told = False       # since `covered` the log has told of a fault of its own
    covered = 0        # up to here
    newest = 0         # the last sign of life

    def read(self, body):
        kind = body["type"]
        if kind == "start":
            self.finish()
            self.set("begun", nanos(body["timestamp"]))
        elif kind == "stop":
            time = nanos(body["timestamp"])
            if self.phase in ("begun", "covered"):
                self.require_within(time, 60)
            self.set("stopped", time)
        elif kind == "coverage":
            begin, end = nanos(body["from"]), nanos(body["to"])
            if self.phase == "begun" and end >= begin:  # else the clock was set back in it
                self.require_within(begin, 60)
            if self.phase in ("covered", "stopped"):  # they join, whatever the clock shows
                self.require(begin == self.covered, begin)
            self.set("covered", end)
        else:
            self.told |= kind == "gap" and body["cause"] in FAULTS
            if "timestamp" in body:
                self.see(nanos(body["timestamp"]))

    def finish(self):
        """A minute that was not over, and some time until its record was due."""
        if self.phase in ("begun", "covered"):
            self.require_within(self.newest, 120)

    def see(self, time):
        if self.phase == "unknown":  # the bundle begins while the service runs
            self.phase, self.covered = "begun", time
        self.newest = max(self.newest, time)

    def set(self, phase, time):
        self.phase, self.told, self.covered, self.newest = phase, False, time, time

    def require_within(self, time, seconds):
        self.require(time - self.covered <= seconds * 10**9, time)

    def require(self, is_so, time):
        if not is_so and not self.told:
            raise ValueError(f"no coverage record tells of {self.covered} to {time}")
