"""The engine as a process: started on a free port, stopped, killed, started again on the same data."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

START_SECS_MAX = 60
STOP_SECS_MAX = 30
LISTENS = re.compile(r"listens on (http://[^\s]+)")


class Engine:
    """One `updraft serve` over one data folder."""

    def __init__(self, data, *arguments):
        self.data = Path(data)
        self.arguments = arguments
        self.process = None
        self.url = None
        self.log = self.data.parent / f"{self.data.name}.log"

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def start(self):
        """Starts the engine and waits for the line that names its address."""
        binary = os.environ.get("UPDRAFT_BIN")
        if not binary:
            raise RuntimeError("set UPDRAFT_BIN to the updraft binary, or run `make test-outside`")
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.url = self._address()
        return self

    def _address(self):
        found = []

        def read():
            for line in self.process.stdout:
                match = LISTENS.search(line)
                if match:
                    found.append(match[1])
                    return

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(START_SECS_MAX)
        if not found:
            self.kill()
            tail = self.log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"the engine did not say where it listens within {START_SECS_MAX} s:\n{tail}")
        return found[0]

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL, to the engine and whatever it started: nothing gets to tidy up."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """SIGTERM, and the wait for a graceful end."""
        if not self.alive():
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the engine did not stop within {STOP_SECS_MAX} s of SIGTERM") from None
        finally:
            self.process.stdout.close()


class Elsewhere:
    """An engine that somebody else runs, named by UPDRAFT_ENDPOINT."""

    def __init__(self, url):
        self.url = url
        self.log = None

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def alive(self):
        return True

    def stop(self):
        """It is not ours to stop."""


def until(done, secs=30.0, every=0.05):
    """Asks again and again until the answer is true; the answer. The last wrong one is told."""
    deadline = time.monotonic() + secs
    while True:
        answer = done()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {secs} s")
        time.sleep(every)
