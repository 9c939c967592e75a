// The page: makes its parts and gives each what it needs of the others.
//
// Who looks is known by `access`, at what by `address`, what the server says about it by `sources`. Whenever
// one of them changes, everything known is shown.

import { Address } from "./address";
import { Controls } from "./controls";
import { find } from "./element";
import { findLanguage, keepLanguage } from "./language";
import { PANELS } from "./panels/list";
import type { Acts } from "./panels/panel";
import { render } from "./render";
import type { Scene } from "./scene";
import { Access } from "./session";
import { ShareDialog } from "./share";
import { Sources } from "./sources";

let language = findLanguage();
const access = new Access();
const address = new Address((token) => {
  access.takeLink(token);
  sources.clear();
});
const acts: Acts = {
  look: (change) => address.look(change),
  tryAgain: () => sources.askNow(),
  write: (panel, method, path, body) => sources.write(panel, method, path, body),
  seen: () => sources.seen(),
  csv: (question) => sources.csv(question),
};
const panels = PANELS.map((Made) => new Made(acts));
const sources = new Sources(access, address, panels, show);
const controls = new Controls(acts.look);
const share = new ShareDialog(scene);

/** What is known now. */
function scene(): Scene {
  const { answer } = sources.page;
  return {
    language,
    view: address.view,
    session: access.session,
    hasBrokenLink: access.hasBrokenLink,
    answer,
    refusal: sources.refusal,
    currency: answer?.currency ?? "CNY",
    timeZone: sources.clock?.time_zone ?? "UTC",
  };
}

/** Puts everything known on the page. */
function show(): void {
  const known = scene();
  render(known);
  controls.show(known.view, known.answer, language);
  share.show(language);
  for (const panel of panels) panel.show(known, sources.of(panel));
}

address.follow((before) => {
  sources.clearOutdated(before);
  show();
  if (access.session === null) sources.stopAsking();
  else sources.askNow();
});

find("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  keepLanguage(language);
  show();
});

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = (id: string) => find<HTMLInputElement>(id).value.trim();
  access.signIn(typed("typed-shop"), typed("typed-key"));
  sources.refusal = null;
  show();
  sources.askNow();
});

find("sign-out").addEventListener("click", () => {
  access.signOut();
  sources.forget();
  find<HTMLFormElement>("sign-in").reset();
  show();
});

find("panels").append(...panels.map((panel) => panel.root));
address.read();
show();
if (access.session !== null) sources.askNow();
