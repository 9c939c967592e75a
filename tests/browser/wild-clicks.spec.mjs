// Clicks as pages are built: each that means something is one event, and no other is any.

import { expect, test } from "@playwright/test";
import { inEveryEngine } from "./wild.mjs";

const STAY = `addEventListener("click", (event) =>
  event.composedPath().some(({ localName }) => localName === "a") && event.preventDefault());
  addEventListener("auxclick", (event) => event.preventDefault());
  addEventListener("submit", (event) => event.preventDefault());
  addEventListener("contextmenu", (event) => event.preventDefault());
  window.open = () => null;`;
const SVG = `<svg width="40" height="40" xmlns:xlink="http://www.w3.org/1999/xlink">
  <a id="svg" href="https://wa.me/8613800000001"><rect width="40" height="40"/></a></svg>
  <svg width="40" height="40"><a id="xlink" xlink:href="tel:+8613800000000"><rect width="40" height="40"/></a></svg>`;
const BODY = `
  <button id="mark" data-sf-event="cart" data-sf-product="cup" data-sf-score="5"><b>cup</b></button>
  <a id="link" href="https://m.me/tea">chat</a>
  <a id="both" href="https://t.me/tea" data-sf-event="inquiry" data-sf-channel="our-telegram">chat</a>
  <div data-sf-event="favorite" data-sf-product="form"><form id="form" action="/sent">
    <input id="field" name="note"><button id="send">send</button></form><i id="beside">beside</i></div>
  <button id="window" onclick="window.open('https://ig.me/m/tea')">chat</button>
  <button id="post" onclick="window.open('https://t.me/tea/12')">post</button>
  <div id="host"></div>${SVG}`;
const SHADOW = `document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML =
  '<a id="inner" href="viber://chat?number=1"><b>chat</b></a><button data-sf-event="cart" data-sf-product="shadow">+</button>';`;

inEveryEngine((wild) => {
  test("each click is what it says, and the buttons of a mouse differ", async () => {
    const visit = await wild.visit({ before: STAY, body: BODY, after: SHADOW });
    const { page } = visit;
    const sent = async () => {
      await visit.settle();
      const events = (await visit.stored(await visit.id())).filter(
        ({ kind }) => !["visit", "rating", "bounce"].includes(kind),
      );
      return events.map(({ kind, product, channel }) => [kind, product ?? channel].filter(Boolean).join(" "));
    };
    for (const selector of ["#mark", "#link", "#window"]) await page.click(selector, "right");
    for (const selector of ["#mark", "#link"]) await page.click(selector, "middle");
    await page.click("#field");
    await page.click("#post");
    for (const selector of ["#mark", "#link", "#both", "#send", "#beside", "#window", "#svg", "#xlink"]) {
      await page.click(selector);
    }
    await page.evaluate(() => {
      for (const element of document.querySelector("#host").shadowRoot.querySelectorAll("b,button")) {
        element.click();
      }
    });
    const expected = [
      "cart cup",
      "inquiry messenger",
      "inquiry our-telegram",
      "favorite form",
      "favorite form",
      "inquiry instagram",
      "inquiry whatsapp",
      "inquiry phone",
      "inquiry viber",
      "cart shadow",
    ];
    await expect.poll(async () => (await sent()).sort()).toEqual(expected.sort());
    expect(await visit.said()).toEqual([]);
    await visit.leave();
  });

  test("a conversation that the page tells of is not told again when it opens", async () => {
    const visit = await wild.visit({
      before: "window.open = () => null;",
      body: `<button id="marked" data-sf-event="inquiry" data-sf-channel="ours"
          onclick="window.open('https://wa.me/8613800000000')">chat</button>
        <button id="told" onclick="shopfunnel('inquiry', { channel: 'theirs' }); window.open('viber://chat?number=1')">chat</button>
        <button id="plain" onclick="window.open('https://m.me/tea')">chat</button>`,
    });
    for (const selector of ["#marked", "#told", "#plain"]) await visit.page.click(selector);
    await visit.settle();
    await visit.expectStored(["visit", "inquiry", "inquiry", "inquiry", "rating"]);
    const channels = (await visit.stored(await visit.id())).map(({ channel }) => channel).filter(Boolean);
    expect(channels.sort()).toEqual(["messenger", "ours", "theirs"]);
    await visit.leave();
  });

  test("a page in XHTML is clicked as any other", async () => {
    const visit = await wild.visit({
      path: "/page.xhtml",
      pages: {
        "/page.xhtml": (_, answer) =>
          answer.setHeader("content-type", "application/xhtml+xml").end(
            `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>
              <script>window.said = []; console.warn = (...all) =&gt; said.push(all.join(" "));
                addEventListener("submit", (event) =&gt; event.preventDefault());
                addEventListener("click", (event) =&gt; event.target.id === "link" ? event.preventDefault() : 0)
              </script>
              <script defer="" src="${wild.demo.url}/s.full.js" data-shop="${wild.demo.keys.public_key}"
                data-allow="localhost webdriver"></script></head>
              <body><form data-sf-event="favorite" action="#"><button id="send">send</button></form>
              <a id="link" href="skype:tea">chat</a></body></html>`,
          ),
      },
    });
    await visit.page.click("#link");
    await visit.page.click("#send");
    await visit.expectStored(["visit", "inquiry", "favorite"]);
    expect(await visit.said()).toEqual([]);
    await visit.leave();
  });

  test("a chat tool that comes after a click is heard", async () => {
    const visit = await wild.visit({ body: '<button id="agree">agree</button>' });
    await visit.page.evaluate(() => {
      document.querySelector("#agree").onclick = () => {
        window.listeners = {};
        window.tidioChatApi = { on: (name, listener) => (window.listeners[name] = listener) };
      };
    });
    await visit.page.click("#agree");
    // The click itself came too early; the next one does not.
    await visit.page.click("body");
    await visit.page.evaluate(() => window.listeners.messageFromVisitor());
    await visit.expectStored(["visit", "inquiry"]);
    await visit.leave();
  });
});
