// The browsers' three engines behind one small interface: Chromium and Firefox by WebDriver BiDi or its like,
// WebKitGTK by plain WebDriver, in a screen of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import puppeteer from "puppeteer-core";

export const ENGINES = ["chromium", "firefox", "webkit"];

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const BUTTONS = { left: 0, middle: 1, right: 2 };
/** An ordinary visitor's; the headless one names itself a robot. */
const CHROMIUM =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36";

/** Opens an engine; `newVisitor()` is a browser without a past, in which `newPage()` opens a tab. */
export const openEngine = (name) => (name === "webkit" ? openWebKit() : openPuppeteer(name));

async function openPuppeteer(name) {
  const browser = await puppeteer.launch(
    name === "firefox"
      ? { browser: "firefox", executablePath: "/usr/bin/firefox-esr", headless: true }
      : {
          executablePath: "/usr/bin/chromium",
          headless: true,
          args: ["--no-sandbox", `--user-agent=${CHROMIUM}`, "--disable-quic", "--disable-background-networking"],
        },
  );
  const openPage = async (context) => {
    const page = await context.newPage();
    return {
      goto: (url) => page.goto(url),
      evaluate: (work, ...args) => page.evaluate(work, ...args),
      click: (selector, button = "left") => page.click(selector, { button }),
      reload: () => page.reload(),
      close: () => page.close(),
    };
  };
  return {
    async newVisitor() {
      const context = await browser.createBrowserContext();
      return { newPage: () => openPage(context), leave: () => context.close() };
    },
    close: () => browser.close(),
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A driver of WebKitGTK, which holds one browser at a time; what sends it orders, and what ends it. */
async function startDriver(screen) {
  const port = await freePort();
  const driver = spawn("WebKitWebDriver", [`--port=${port}`], {
    stdio: "ignore",
    env: { ...process.env, DISPLAY: screen },
  });
  const ask = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  while (!(await ask("GET", "/status").catch(() => undefined))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { ask, stop: () => ended(driver) };
}

async function ended(child) {
  const exit = once(child, "exit");
  child.kill();
  await exit;
}

async function openWebKit() {
  const folder = readdirSync(LIBRARIES).find((name) => /^webkit2gtk-/.test(name));
  // The screen's number comes back by a pipe once it takes windows.
  const screen = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x800x24"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [number] = await once(screen.stdio[3], "data");

  const newVisitor = async () => {
    const { ask, stop } = await startDriver(`:${String(number).trim()}`);
    const browserOptions = { binary: `${LIBRARIES}/${folder}/MiniBrowser`, args: ["--automation"] };
    const alwaysMatch = { "webkitgtk:browserOptions": browserOptions };
    const { sessionId } = await ask("POST", "/session", { capabilities: { alwaysMatch } });
    const session = (method, path, body) => ask(method, `/session/${sessionId}${path}`, body);
    let tabs = 0;
    const newPage = async () => {
      const handle = tabs++
        ? (await session("POST", "/window/new", { type: "tab" })).handle
        : await session("GET", "/window");
      /** Of this tab, whichever was looked at last. */
      const here = async (method, path, body) => {
        await session("POST", "/window", { handle });
        return session(method, path, body);
      };
      const page = {
        goto: (url) => here("POST", "/url", { url }),
        evaluate: (work, ...args) =>
          here("POST", "/execute/async", {
            script: `const done = arguments[arguments.length - 1];
              Promise.resolve((${work})(...[...arguments].slice(0, -1))).then(done, (error) => done(String(error)))`,
            args,
          }),
        click: async (selector, button = "left") => {
          // WebKitGTK's driver lifts the left button whichever it pressed, so the others are told by script.
          const press = (selector, button) => {
            const element = document.querySelector(selector);
            const told = { bubbles: true, cancelable: true, composed: true, button };
            element.dispatchEvent(new MouseEvent("auxclick", told));
          };
          if (button !== "left") return page.evaluate(press, selector, BUTTONS[button]);
          const middle = (selector) => {
            const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
            return [left + width / 2, top + height / 2].map(Math.round);
          };
          const [x, y] = await page.evaluate(middle, selector);
          const actions = [
            { type: "pointerMove", origin: "viewport", x, y, duration: 0 },
            { type: "pointerDown", button: 0 },
            { type: "pointerUp", button: 0 },
          ];
          await here("POST", "/actions", { actions: [{ type: "pointer", id: "mouse", actions }] });
        },
        reload: () => here("POST", "/refresh"),
        close: () => here("DELETE", "/window"),
      };
      return page;
    };
    const leave = async () => {
      await session("DELETE", "");
      await stop();
    };
    return { newPage, leave };
  };
  return { newVisitor, close: () => ended(screen) };
}
