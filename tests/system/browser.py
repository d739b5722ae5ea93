#!/usr/bin/python3
"""A real browser, headless: ADDRESS FOLDER [DECISION [USER PASSWORD]].

Opens ADDRESS, signs in with USER and PASSWORD where they are given, presses the
button whose value is DECISION (approve) and prints title and text of the page
it lands on. Pictures of all of them go to FOLDER. Chromium is spoken to over two pipes in its DevTools protocol: nothing
else has to be installed.
"""
import base64
import json
import os
import subprocess
import sys
import time

LIMIT = time.monotonic() + 60


class Browser:
    def __init__(self, folder):
        to_us, from_us = os.pipe(), os.pipe()
        self.reader = os.fdopen(to_us[0], "rb", buffering=0)
        self.writer = os.fdopen(from_us[1], "wb", buffering=0)
        self.count, self.session, self.rest = 0, None, b""

        def become():
            # Chromium reads from 3 and writes to 4.
            high = [os.dup2(end, 100 + i) for i, end in
                    enumerate((from_us[0], to_us[1]))]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        with open(folder + "/chromium.log", "wb") as log:
            self.child = subprocess.Popen(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
                 "--disable-quic", "--no-first-run", "--no-proxy-server",
                 "--disable-background-networking", "--disable-sync",
                 "--disable-component-update", "--disable-dev-shm-usage",
                 "--hide-scrollbars", "--window-size=900,700",
                 "--remote-debugging-pipe",
                 "--user-data-dir=" + folder + "/profile", "about:blank"],
                preexec_fn=become, close_fds=False, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        os.close(from_us[0])
        os.close(to_us[1])

    def call(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.writer.write(json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                data = self.reader.read(65536)
                if not data:
                    sys.exit("chromium has ended")
                self.rest += data
            line, self.rest = self.rest.split(b"\0", 1)
            reply = json.loads(line)
            if reply.get("id") == self.count:
                return reply.get("result", {})

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True)
        return result.get("result", {}).get("value")

    def wait(self, expression):
        while not self.evaluate(expression):
            if time.monotonic() > LIMIT:
                sys.exit("waited in vain for " + expression + " at "
                         + str(self.evaluate("location.href")))
            time.sleep(0.05)

    def shoot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))


address, folder = sys.argv[1:3]
decision = sys.argv[3] if len(sys.argv) > 3 else "approve"
person = sys.argv[4:6]
os.makedirs(folder, exist_ok=True)
browser = Browser(folder)
try:
    target = browser.call("Target.createTarget", url="about:blank")
    browser.session = browser.call("Target.attachToTarget", flatten=True,
                                   targetId=target["targetId"])["sessionId"]
    browser.call("Page.enable")
    browser.call("Page.navigate", url=address)
    if person:
        field = "document.querySelector('input[name={}]')"
        for name, value in zip(("user", "password"), person):
            browser.wait("!!" + field.format(name))
            browser.evaluate(field.format(name) + ".focus()")
            browser.call("Input.insertText", text=value)
        browser.shoot(folder + "/form.png")
        browser.evaluate(field.format("user") + ".form.requestSubmit()")
    button = f"document.querySelector('button[value={decision}]')"
    browser.wait(f"!!{button}")
    browser.shoot(folder + "/consent.png")
    browser.evaluate(f"{button}.click()")
    browser.wait("location.pathname === '/callback' && "
                 "document.readyState === 'complete' && "
                 "!!document.querySelector('h1')")
    browser.shoot(folder + "/done.png")
    print(browser.evaluate("document.title"))
    print(browser.evaluate("document.body.innerText"))
    print("background",
          browser.evaluate("getComputedStyle(document.body).maxWidth"))
finally:
    browser.child.kill()
    browser.child.wait()
