// What a shop tells Google's data layer is what the funnel counts, and the data layer stays as it was.

import { expect, test } from "@playwright/test";
import { CATCH_UP_MS, startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

const CUP = { item_id: "cup", item_name: "A cup", price: 12.5, quantity: 2 };
const POT = { item_name: "A pot" };

let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/**
 * A visitor on a page that has `before` ahead of the tag and `after` behind it, each the text of a script.
 */
async function visit(browser, { before = "", after = "", data, file = "s.full.js" }) {
  const scripts = `<script>${before}</script>${tag(demo, file, data)}<script type="module">${after}</script>`;
  const shop = await openShop({ "/": html(scripts) });
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(shop.url);
  /** All that was sent but visits and marks. */
  const told = async () => {
    await visitor.settle(page);
    return visitor.sent.filter((event) => !["visit", "rating"].includes(event.kind));
  };
  const push = (entry) => page.evaluate((entry) => window.dataLayer.push(entry), entry);
  return { visitor, page, told, push, leave: async () => (await visitor.leave(), shop.close()) };
}

/** What of an event the shop told. */
const essence = ({ kind, product, channel, order_id, payment_id, refund_id, amount, currency }) =>
  JSON.parse(JSON.stringify({ kind, product, channel, order_id, payment_id, refund_id, amount, currency }));

const MONEY = { transaction_id: "T-1", value: 25, currency: "CNY", items: [CUP, POT] };

/** Name of the commerce event, its data, and what becomes of it. */
const MAPPINGS = [
  ["add_to_cart", { items: [CUP, POT] }, [{ kind: "cart", product: "cup" }]],
  ["add_to_cart", { items: [POT] }, [{ kind: "cart", product: "A pot" }]],
  ["add_to_cart", {}, [{ kind: "cart" }]],
  ["begin_checkout", { items: [CUP] }, [{ kind: "cart", product: "cup" }]],
  ["add_to_wishlist", { items: [CUP] }, [{ kind: "favorite", product: "cup" }]],
  ["generate_lead", { value: 1 }, [{ kind: "inquiry", channel: "generate_lead" }]],
  ["contact", {}, [{ kind: "inquiry", channel: "contact" }]],
  [
    "purchase",
    MONEY,
    [
      { kind: "order", order_id: "T-1", amount: 25, currency: "CNY" },
      { kind: "payment", order_id: "T-1", amount: 25, currency: "CNY" },
    ],
  ],
  ["refund", MONEY, [{ kind: "refund", order_id: "T-1", refund_id: "T-1:25", amount: 25, currency: "CNY" }]],
  ["refund", { transaction_id: "T-1" }, [{ kind: "refund", order_id: "T-1", refund_id: "T-1" }]],
  [
    "purchase",
    { transaction_id: 1024, value: "99.90" },
    [
      { kind: "order", order_id: "1024", amount: "99.90" },
      { kind: "payment", order_id: "1024", amount: "99.90" },
    ],
  ],
  ["view_item", { items: [CUP] }, []],
  ["remove_from_cart", { items: [CUP] }, []],
  ["gtm.js", {}, []],
];

const GTAG = "window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments); }";
const AS_ENTRIES = MAPPINGS.map(
  ([event, ecommerce]) => `dataLayer.push(${JSON.stringify({ event, ecommerce })});`,
).join("");
const AS_CALLS = MAPPINGS.map(
  ([event, ecommerce]) => `gtag("event", "${event}", ${JSON.stringify(ecommerce)});`,
).join("");

for (const [how, scripts] of Object.entries({
  "pushed before the tag": { before: GTAG + AS_ENTRIES },
  "told by gtag before the tag": { before: GTAG + AS_CALLS },
  "pushed after the tag": { before: GTAG, after: AS_ENTRIES },
  "told by gtag after the tag": { before: GTAG, after: AS_CALLS },
})) {
  test(`each commerce event ${how} is what it means`, async ({ browser }) => {
    const { visitor, told, leave } = await visit(browser, scripts);
    expect((await told()).map(essence)).toEqual(MAPPINGS.flatMap(([, , expected]) => expected));
    expect(visitor.complaints).toEqual([]);
    await leave();
  });
}

test("what is told once in a session is told once, products are told each time", async ({ browser }) => {
  const { page, told, push, leave } = await visit(browser, {});
  for (const event of [
    "begin_checkout",
    "begin_checkout",
    "contact",
    "contact",
    "add_to_cart",
    "add_to_cart",
  ])
    await push({ event });
  await page.reload();
  await push({ event: "begin_checkout" });
  await push({ event: "contact" });
  expect([...new Map((await told()).map((event) => [event.id, event.kind])).values()]).toEqual([
    "cart",
    "inquiry",
    "cart",
    "cart",
  ]);
  await leave();
});

test("`ecommerce: null` between two events says nothing and carries nothing over", async ({ browser }) => {
  const { visitor, told, push, leave } = await visit(browser, {});
  await push({ event: "add_to_cart", ecommerce: { items: [CUP] } });
  await push({ ecommerce: null });
  await push({ event: "add_to_cart", ecommerce: { items: [POT] } });
  await push({ ecommerce: null });
  await push({ event: "add_to_wishlist", ecommerce: null });
  expect((await told()).map(essence)).toEqual([
    { kind: "cart", product: "cup" },
    { kind: "cart", product: "A pot" },
    { kind: "favorite" },
  ]);
  expect(visitor.complaints).toEqual([]);
  await leave();
});

test("fields beside the event, as a trigger of one's own has them, are read too", async ({ browser }) => {
  const { told, push, leave } = await visit(browser, {});
  await push({ event: "purchase", transaction_id: "T-flat", value: 5, currency: "CNY" });
  expect((await told()).map(essence)).toEqual([
    { kind: "order", order_id: "T-flat", amount: 5, currency: "CNY" },
    { kind: "payment", order_id: "T-flat", amount: 5, currency: "CNY" },
  ]);
  await leave();
});

/** The funnel's orders and payments in a currency that one test has for itself. */
async function moneyIn(currency) {
  const row = (await demo.ask("funnel")).money.find((row) => row.currency === currency);
  return row && [row.orders, row.ordered_amount, row.paid_orders, row.paid_amount];
}

test("a purchase counts once, also when its page is loaded again; a sum of fractions is money", async ({
  browser,
}) => {
  const ecommerce = { transaction_id: "T-thanks", value: 0.1 + 0.2, currency: "EUR" };
  const before = `window.dataLayer = [${JSON.stringify({ event: "purchase", ecommerce })}];`;
  const { visitor, page, told, push, leave } = await visit(browser, { before });
  await page.reload();
  await push({ event: "purchase", ecommerce });
  const orders = (await told()).filter((event) => event.kind === "order");
  expect(new Set(orders.map((event) => event.id)).size).toBe(3);
  expect(new Set(orders.map((event) => event.amount))).toEqual(new Set([0.1 + 0.2]));
  const stored = async () =>
    (await demo.ask("events/recent?kind=payment")).events.filter((event) => event.order_id === "T-thanks");
  await expect.poll(async () => (await stored()).length).toBe(3);
  await expect.poll(() => moneyIn("EUR"), { timeout: CATCH_UP_MS }).toEqual([1, "0.3000", 1, "0.3000"]);
  expect(visitor.complaints).toEqual([]);
  await leave();
});

test('data-purchase="placed" makes a purchase an order that is not paid', async ({ browser }) => {
  const { told, push, leave } = await visit(browser, { data: { purchase: "placed" } });
  await push({ event: "purchase", ecommerce: { transaction_id: "T-placed", value: 8, currency: "USD" } });
  expect((await told()).map((event) => event.kind)).toEqual(["order"]);
  await expect.poll(() => moneyIn("USD"), { timeout: CATCH_UP_MS }).toEqual([1, "8.0000", 0, "0.0000"]);
  await leave();
});

test("a purchase or refund without transaction_id is not sent, and the console says so", async ({
  browser,
}) => {
  const { visitor, told, push, leave } = await visit(browser, {});
  await push({ event: "purchase", ecommerce: { value: 8 } });
  await push({ event: "refund", ecommerce: null });
  expect(await told()).toEqual([]);
  expect(visitor.complaints).toEqual([
    "shopfunnel: purchase in dataLayer needs transaction_id",
    "shopfunnel: refund in dataLayer needs transaction_id",
  ]);
  await leave();
});

test("amounts go as they were pushed; what is none is left out by the server, and the console shows it", async ({
  browser,
}) => {
  const { visitor, told, push, leave } = await visit(browser, { data: { purchase: "placed" } });
  const values = ["", "free", -1, null, undefined, "12abc", "1.299,00 €", "4,245.42", 12.5];
  for (const [number, value] of values.entries()) {
    await push({ event: "purchase", ecommerce: { transaction_id: `T-as-${number}`, value } });
  }
  const orders = (await told()).filter((event) => event.kind === "order");
  const sent = values.map((value) => (value === "" || value === null ? undefined : value));
  expect(orders.map((event) => event.amount)).toEqual(sent);
  const stored = async () =>
    (await demo.ask("events/recent?kind=order")).events
      .filter((event) => event.order_id.startsWith("T-as-"))
      .sort((a, b) => (a.order_id < b.order_id ? -1 : 1))
      .map((event) => event.amount ?? null);
  await expect
    .poll(stored)
    .toEqual([null, null, null, null, null, null, "1299.0000", "4245.4200", "12.5000"]);
  const shown = visitor.complaints.map((text) => /^shopfunnel: `amount` .*: (.*)$/.exec(text)?.[1]);
  expect(shown).toEqual(["free", "-1", "12abc"]);
  await leave();
});

test("a refund's value may be below zero; one that cannot be read is refused, and says so", async ({
  browser,
}) => {
  const { visitor, told, push, leave } = await visit(browser, {});
  const [transaction_id, currency] = ["T-back", "SEK"];
  await push({ event: "purchase", ecommerce: { transaction_id, value: 100, currency } });
  for (const value of [-10, "-20.00", "\u22125,50", "12abc"]) {
    await push({ event: "refund", ecommerce: { transaction_id, value, currency } });
  }
  const refunds = (await told()).filter((event) => event.kind === "refund");
  expect(refunds.map((event) => event.amount)).toEqual([10, "20.00", "5,50", "12abc"]);
  const money = async () => (await demo.funnel(), (await demo.ask("funnel")).money);
  await expect
    .poll(async () => (await money()).find((each) => each.currency === "SEK")?.refunded_amount, {
      timeout: CATCH_UP_MS,
    })
    .toBe("35.5000");
  // Beside what the browser itself says of the answer.
  const said = visitor.complaints.filter((text) => text.startsWith("shopfunnel"));
  expect(said).toEqual([expect.stringContaining("`amount`")]);
  await leave();
});

test("a refund of some lines is never one of all, and one entry that is pushed twice is told twice", async ({
  browser,
}) => {
  const { visitor, page, told, push, leave } = await visit(browser, { data: { purchase: "placed" } });
  const actionField = { id: "T-lines" };
  await push({ event: "refund", ecommerce: { transaction_id: "T-lines", items: [CUP] } });
  await push({ event: "refund", ecommerce: { transaction_id: "T-lines", value: "-" } });
  await push({ ecommerce: { refund: { actionField, products: [{ id: "cup", quantity: 1 }] } } });
  await page.evaluate(() => {
    const entry = { event: "add_to_cart" };
    // As a tag manager does after us.
    const { push } = window.dataLayer;
    window.dataLayer.push = (...entries) => push.apply(window.dataLayer, entries);
    window.dataLayer.push(entry);
    document.body.click();
    window.dataLayer.push(entry);
  });
  await page.evaluate(() => document.body.click());
  await push({ ecommerce: { refund: { actionField } } });
  expect((await told()).map(({ kind, order_id, amount }) => [kind, order_id, amount])).toEqual([
    ["cart", undefined, undefined],
    ["cart", undefined, undefined],
    ["refund", "T-lines", undefined],
  ]);
  expect(visitor.complaints).toEqual(Array(3).fill("shopfunnel: refund in dataLayer needs value"));
  await leave();
});

test("ecommerce apart from its event, in the older form, or in a layer that the page puts there later, is read", async ({
  browser,
}) => {
  const { visitor, page, told, push, leave } = await visit(browser, { data: { purchase: "placed" } });
  await push({ ecommerce: { transaction_id: "T-apart", value: "9", currency: "CNY" } });
  await push({ event: "purchase" });
  // It was told; the next event must not tell it again.
  await push({ event: "refund" });
  const actionField = { id: "T-older", revenue: "35.43", tax: "4.90" };
  const products = [{ id: "P12345", name: "Android Warhol T-Shirt", price: "15.25", quantity: 1 }];
  await push({ ecommerce: { currencyCode: "EUR", purchase: { actionField, products } } });
  await push({ event: "addToCart", ecommerce: { currencyCode: "EUR", add: { products } } });
  await page.evaluate(() => {
    window.dataLayer = [{ event: "purchase", ecommerce: { transaction_id: "T-anew", value: 7 } }];
  });
  await page.evaluate(() => document.body.click());
  expect((await told()).map(({ kind, order_id, product, amount }) => [kind, order_id ?? product, amount])).toEqual([
    ["order", "T-apart", "9"],
    ["order", "T-older", "35.43"],
    ["cart", "P12345", undefined],
    ["order", "T-anew", 7],
  ]);
  expect(visitor.complaints).toEqual(["shopfunnel: refund in dataLayer needs transaction_id"]);
  await leave();
});

/** Wraps `push` as the tag manager does: what it hears goes on to what was there, and it answers for it. */
const TAG_MANAGER = `
  window.heard = [];
  (() => {
    const { push } = dataLayer;
    dataLayer.push = function () {
      const result = push.apply(dataLayer, arguments);
      heard.push(...arguments);
      return typeof result !== "boolean" || result;
    };
  })();
`;

for (const [when, scripts] of Object.entries({
  before: { before: `window.dataLayer = [];${TAG_MANAGER}` },
  after: { before: "window.dataLayer = [];", after: TAG_MANAGER },
})) {
  test(`a tag manager that wraps push ${when} ours hears everything and its answer stays`, async ({
    browser,
  }) => {
    const { visitor, page, told, leave } = await visit(browser, scripts);
    const answers = await page.evaluate((cup) => {
      const answers = [
        window.dataLayer.push({ event: "add_to_cart", ecommerce: { items: [cup] } }, { other: 1 }),
      ];
      answers.push(window.dataLayer.push({ event: "add_to_wishlist" }));
      return answers;
    }, CUP);
    expect(answers).toEqual([true, true]);
    expect((await told()).map(essence)).toEqual([{ kind: "cart", product: "cup" }, { kind: "favorite" }]);
    expect(await page.evaluate(() => window.heard)).toEqual([
      { event: "add_to_cart", ecommerce: { items: [CUP] } },
      { other: 1 },
      { event: "add_to_wishlist" },
    ]);
    expect(visitor.complaints).toEqual([]);
    await leave();
  });
}

test("the array, its entries and what push answers stay the page's", async ({ browser }) => {
  const before = `window.first = { event: "gtm.js" }; window.layer = window.dataLayer = [first];`;
  const { visitor, page, leave } = await visit(browser, { before });
  const found = await page.evaluate(() => {
    const entry = Object.freeze({
      event: "add_to_cart",
      ecommerce: Object.freeze({ items: Object.freeze([]) }),
    });
    const length = window.dataLayer.push(entry, "text", null, undefined, 7);
    return {
      length,
      same:
        window.dataLayer === window.layer &&
        window.dataLayer[0] === window.first &&
        window.dataLayer[1] === entry,
      rest: window.dataLayer.slice(2).map(String),
    };
  });
  expect(found).toEqual({ length: 6, same: true, rest: ["text", "null", "undefined", "7"] });
  expect(visitor.complaints).toEqual([]);
  await leave();
});

test("the small build leaves the data layer alone", async ({ browser }) => {
  const before = "window.dataLayer = []; window.push = dataLayer.push;";
  const { page, told, push, leave } = await visit(browser, { before, file: "s.js" });
  await push({ event: "purchase", ecommerce: MONEY });
  expect(await told()).toEqual([]);
  expect(await page.evaluate(() => window.dataLayer.push === window.push)).toBe(true);
  await leave();
});
