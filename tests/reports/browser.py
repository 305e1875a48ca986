"""A headless browser for tests of pages: chromium over its debugging pipe, which needs no package."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A browser with one tab; ends with the block that it is opened in."""

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        # The browser reads commands on 3 and answers on 4; both are moved out of each other's way first.
        high = [os.dup2(end, number, inheritable=True) for end, number in ((to_read, 203), (back_write, 204))]
        command = [
            found(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            "--no-first-run",
        ]
        command += ["--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={self.home.name}"]
        words = " ".join(f"'{word}'" for word in [*command, "about:blank"])
        self.process = subprocess.Popen(
            ["sh", "-c", f"exec {words} 3<&0 4>&1"],
            stdin=high[0],
            stdout=high[1],
            stderr=subprocess.DEVNULL,
        )
        for end in (to_read, back_write, *high):
            os.close(end)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(30)
        for end in (self.to, self.back):
            with contextlib.suppress(OSError):
                os.close(end)
        self.home.cleanup()

    def ask(self, method, **params):
        """Send a command and wait for its answer; what happens meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, path, width, dark=False, height=844):
        """Open a file as a screen of this width and theme shows it."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)
        phone = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", **phone)
        self.events.clear()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        limit = time.monotonic() + 60
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < limit, "the page did not load"
            self.events.append(self._next())

    def value(self, expression):
        """What a JavaScript expression is on the page."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def errors(self):
        """Console errors and exceptions since the page was opened."""
        self.value("1")  # whatever was on its way has come
        seen = []
        for event in self.events:
            params, method = event.get("params", {}), event.get("method")
            if method == "Runtime.exceptionThrown" or params.get("entry", {}).get("level") == "error":
                seen.append(params)
            if method == "Runtime.consoleAPICalled" and params["type"] == "error":
                seen.append(params)
        return seen

    def requests(self):
        """What the page asked for, but for itself and what it carries within it."""
        sent = (
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        )
        return [url for url in sent if not url.startswith(("data:", "file:"))]

    def picture(self, path):
        """Write the whole page as a PNG."""
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self):
        """The page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])

    def _next(self):
        while b"\0" not in self.rest:
            block = os.read(self.back, 1 << 16)
            assert block, "the browser has gone"
            self.rest += block
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)
