"""A headless browser for tests of pages: Chromium over its debugging pipe, without a further package."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: File descriptors from which Chromium reads commands and to which it writes answers.
COMMANDS_FD, ANSWERS_FD = 3, 4

#: Longest time to load a page, in seconds.
LOAD_TIMEOUT_SECONDS = 60.0


def find_browser():
    """Path of a browser, or None."""
    return next(filter(None, map(shutil.which, EXECUTABLES)), None)


class Browser:
    """A browser with one tab, as a context manager; its process ends with the context.

    Parameters
    ----------
    arguments : str
        Further arguments of Chromium.

    Attributes
    ----------
    events : list of dict
        Events of the debugging protocol since the page was opened.
    """

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands_read, self.commands = os.pipe()
        self.answers, answers_write = os.pipe()
        # High numbers, so that no descriptor is replaced before it has been duplicated.
        high = [os.dup2(end, number, inheritable=True) for end, number in ((commands_read, 203), (answers_write, 204))]
        command = [
            find_browser(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
            f"--user-data-dir={self.profile.name}",
            *self.arguments,
            "about:blank",
        ]
        quoted = " ".join(f"'{argument}'" for argument in command)
        self.process = subprocess.Popen(
            ["sh", "-c", f"exec {quoted} {COMMANDS_FD}<&0 {ANSWERS_FD}>&1"],
            stdin=high[0],
            stdout=high[1],
            stderr=subprocess.DEVNULL,
        )
        for end in (commands_read, answers_write, *high):
            os.close(end)
        self.n_commands, self.buffer, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(30)
        for end in (self.commands, self.answers):
            with contextlib.suppress(OSError):
                os.close(end)
        self.profile.cleanup()

    def call(self, method, **params):
        """Send a command and return its result; events that arrive before it are added to `events`."""
        self.n_commands += 1
        message = {"id": self.n_commands, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self.n_commands:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def show(self, width, dark=False, height=844):
        """Use a screen of this width, with the light or the dark theme."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **screen)

    def open(self, path, width, dark=False, height=844):
        """Open a file, or an address, on a screen of this width, with the light or the dark theme."""
        self.show(width, dark, height)
        self.events.clear()
        self.call("Page.navigate", url=path if isinstance(path, str) else path.resolve().as_uri())
        self.wait_for_event("Page.loadEventFired")

    def wait_for_event(self, method):
        """Wait for an event of the debugging protocol since the page was opened."""
        limit = time.monotonic() + LOAD_TIMEOUT_SECONDS
        while not any(event.get("method") == method for event in self.events):
            assert time.monotonic() < limit, f"{method} did not happen"
            self.events.append(self._next_message())

    def value(self, expression):
        """Value of a JavaScript expression on the page, or of the promise that it returns."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition, seconds=30.0):
        """Wait until a JavaScript expression is true; returns its value."""
        limit = time.monotonic() + seconds
        while not (value := self.value(condition)):
            assert time.monotonic() < limit, f"this was not true within {seconds:g} s: {condition}"
            time.sleep(0.05)
        return value

    def errors(self):
        """Console errors and exceptions since the page was opened."""
        self.value("1")  # events that are on their way arrive before the answer
        found = []
        for event in self.events:
            params, method = event.get("params", {}), event.get("method")
            if method == "Runtime.exceptionThrown" or params.get("entry", {}).get("level") == "error":
                found.append(params)
            if method == "Runtime.consoleAPICalled" and params["type"] == "error":
                found.append(params)
        return found

    def requests(self):
        """Addresses that the page requested, without the page itself and embedded data."""
        sent = (
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        )
        return [url for url in sent if not url.startswith(("data:", "file:"))]

    def screenshot(self, path):
        """Write the complete page as a PNG file."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self):
        """The printed page."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def _next_message(self):
        while b"\0" not in self.buffer:
            block = os.read(self.answers, 1 << 16)
            assert block, "the browser process has ended"
            self.buffer += block
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)
