// The demo shop: six products, a cart, a chat, a checkout that charges nobody. It does what a real shop's own
// script does with shopfunnel: calls `shopfunnel(kind, fields)` where something happens. Pages are shells;
// this file fills them.
//
// It never talks to the server itself and keeps cart, order and chat in the browser only.

"use strict";

// The usual stub: calls made before the tag's script has run wait in `q`.
window.shopfunnel =
  window.shopfunnel ||
  function () {
    (window.shopfunnel.q = window.shopfunnel.q || []).push(arguments);
  };

const CURRENCY = "CNY";
/** Time for an event to leave before the page does. */
const LEAVE_AFTER_MS = 80;
const ANSWER_AFTER_MS = 700;

// ---------------------------------------------------------------------------------------------------------- products

/** Prices in fen (1/100 yuan): whole numbers, so that no sum is ever rounded. */
const PRODUCTS = [
  {
    id: "longjing",
    en: "Pre-Qingming Longjing",
    zh: "明前龙井",
    price: 12800,
    unit: "100 g",
    ground: "#e4ecd9",
    story:
      "Flat, jade-green leaves picked before the spring rains and pan-fired the same evening. Chestnut, sweet pea, a clean finish.",
    zhStory: "清明前采摘，当晚手工炒制。豆香清雅，回甘干净。",
    facts: [
      ["Origin 产地", "West Lake, Hangzhou 杭州西湖"],
      ["Harvest 采摘", "Late March 三月下旬"],
      ["Brew 冲泡", "80 °C · 3 g · 2 min"],
    ],
  },
  {
    id: "puer",
    en: "Ripe Pu'er cake",
    zh: "熟普洱饼",
    price: 16800,
    unit: "357 g",
    ground: "#efe0d0",
    story:
      "Eight years in a dry store have made this cake dark and soft: cocoa, old wood, dates. Good for a long winter.",
    zhStory: "干仓陈放八年，汤色红浓，枣香与木香交织，适合漫长的冬天。",
    facts: [
      ["Origin 产地", "Menghai, Yunnan 云南勐海"],
      ["Aged 陈期", "Eight years 八年"],
      ["Brew 冲泡", "98 °C · 7 g · rinse once 洗茶一次"],
    ],
  },
  {
    id: "oolong",
    en: "Tieguanyin oolong",
    zh: "铁观音",
    price: 8800,
    unit: "150 g",
    ground: "#e7e6cf",
    story: "Tightly rolled and lightly roasted. The first cup smells of orchid, the fifth still does.",
    zhStory: "颗粒紧结，轻火慢焙，兰花香七泡有余。",
    facts: [
      ["Origin 产地", "Anxi, Fujian 福建安溪"],
      ["Roast 焙火", "Light 轻火"],
      ["Brew 冲泡", "95 °C · 6 g · 30 s"],
    ],
  },
  {
    id: "jasmine",
    en: "Jasmine silver tips",
    zh: "茉莉银毫",
    price: 7200,
    unit: "75 g",
    ground: "#e9eee9",
    story: "Spring buds laid under fresh jasmine for six summer nights, the flowers taken out each morning.",
    zhStory: "春芽伴鲜花，六窨一提，只闻花香不见花。",
    facts: [
      ["Origin 产地", "Fuzhou, Fujian 福建福州"],
      ["Scented 窨制", "Six nights 六窨"],
      ["Brew 冲泡", "85 °C · 3 g · 2 min"],
    ],
  },
  {
    id: "gaiwan",
    en: "Celadon gaiwan",
    zh: "青瓷盖碗",
    price: 9800,
    unit: "120 ml",
    ground: "#d9e8e6",
    story:
      "Thin-walled, cool at the rim, with a lid that sits well in the hand. The one vessel that suits every tea.",
    zhStory: "薄胎不烫手，盖扣贴合。一只盖碗，百茶皆宜。",
    facts: [
      ["Kiln 窑口", "Longquan, Zhejiang 浙江龙泉"],
      ["Volume 容量", "120 ml"],
      ["Care 养护", "Dishwasher safe 可机洗"],
    ],
  },
  {
    id: "teapot",
    en: "Purple clay teapot",
    zh: "紫砂壶",
    price: 26800,
    unit: "180 ml",
    ground: "#f0dccf",
    story:
      "Unglazed clay that remembers what it brews. Keep it for one kind of tea and it gets better every year.",
    zhStory: "一壶侍一茶，愈养愈润。出水利落，断水干脆。",
    facts: [
      ["Workshop 作坊", "Yixing, Jiangsu 江苏宜兴"],
      ["Volume 容量", "180 ml"],
      ["Care 养护", "Water only 只用清水"],
    ],
  },
];

/** One drawing per product, 240 × 180, on the product's own ground. */
const ART = {
  longjing: `<path d="M78 40h84l-9 106a8 8 0 0 1-8 7H95a8 8 0 0 1-8-7z" fill="#fff" opacity=".75"/><path d="M81 70h78l-7 75a6 6 0 0 1-6 5H94a6 6 0 0 1-6-5z" fill="#cfe0a4"/>
    <g fill="#5f8d3b"><path d="M102 148c-7-22-4-42 5-55 6 16 5 38-1 55z"/><path d="M120 148c-5-28-1-46 6-60 6 20 4 44-2 60z"/><path d="M137 148c-2-18 2-34 10-45 2 16-2 34-7 45z"/></g>
    <g fill="#86ad55"><path d="M111 82c-8-6-11-14-9-22 8 4 12 12 9 22z"/><path d="M137 88c1-9 6-15 14-17 0 8-5 15-14 17z"/></g><path d="M92 50l5 88" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".8"/>`,
  puer: `<ellipse cx="120" cy="150" rx="76" ry="8" fill="#000" opacity=".08"/><circle cx="120" cy="92" r="62" fill="#5b3526"/><circle cx="120" cy="92" r="62" fill="none" stroke="#47281c" stroke-width="5"/>
    <g stroke="#7c4e39" stroke-width="4" stroke-linecap="round" fill="none"><path d="M84 70q8-6 16 0M118 54q8-5 15 1M146 76q7-5 13 1M78 100q9-6 17 1M108 122q8-5 16 1M140 112q9-6 16 0M120 142q7-4 12 0M94 132q5-4 10 0"/></g>
    <circle cx="120" cy="92" r="24" fill="#f3e6d2"/><circle cx="120" cy="92" r="19" fill="none" stroke="#b5452c" stroke-width="2"/><path d="M111 84h18M120 84v17M111 101h18" stroke="#b5452c" stroke-width="3" stroke-linecap="round"/>`,
  oolong: `<ellipse cx="120" cy="152" rx="66" ry="7" fill="#000" opacity=".07"/><path d="M54 86h132c0 38-26 64-66 64S54 124 54 86z" fill="#8a7454"/><path d="M54 86h132c-1 8-3 15-5 21H59c-3-6-4-13-5-21z" fill="#9c8563"/>
    <ellipse cx="120" cy="86" rx="66" ry="16" fill="#6e5b40"/><g fill="#4c6136"><circle cx="92" cy="84" r="8"/><circle cx="110" cy="78" r="9"/><circle cx="129" cy="83" r="9"/><circle cx="148" cy="80" r="8"/><circle cx="102" cy="92" r="7"/><circle cx="140" cy="92" r="7"/><circle cx="120" cy="93" r="7"/><circle cx="76" cy="86" r="6"/><circle cx="164" cy="86" r="6"/></g>
    <g fill="none" stroke="#71874f" stroke-width="2.5" stroke-linecap="round"><path d="M88 82q4-4 8 0M106 76q4-4 8 0M125 81q4-4 8 0M145 78q3-3 6 0M117 92q3-3 6 0"/></g>`,
  jasmine: `<ellipse cx="120" cy="152" rx="56" ry="6" fill="#000" opacity=".06"/><path d="M62 92h116c0 34-22 58-58 58S62 126 62 92z" fill="#fff"/><ellipse cx="120" cy="92" rx="58" ry="14" fill="#e9dca6"/>
    <path d="M150 60c14-24 36-26 46-22-4 16-24 26-46 22z" fill="#6f9a63"/><path d="M92 58c-16-18-34-16-42-11 6 13 24 18 42 11z" fill="#8db27e"/>
    <g fill="#fff" stroke="#dfe3da" stroke-width="1.5"><ellipse cx="120" cy="48" rx="8" ry="14"/><ellipse cx="120" cy="48" rx="8" ry="14" transform="rotate(72 120 62)"/><ellipse cx="120" cy="48" rx="8" ry="14" transform="rotate(144 120 62)"/><ellipse cx="120" cy="48" rx="8" ry="14" transform="rotate(216 120 62)"/><ellipse cx="120" cy="48" rx="8" ry="14" transform="rotate(288 120 62)"/></g><circle cx="120" cy="62" r="5" fill="#e7c65a"/>
    <g fill="#fff" opacity=".9"><circle cx="94" cy="92" r="5"/><circle cx="143" cy="95" r="6"/><circle cx="118" cy="97" r="4"/></g>`,
  gaiwan: `<ellipse cx="120" cy="154" rx="78" ry="9" fill="#8fb8b2"/><ellipse cx="120" cy="150" rx="78" ry="10" fill="#b4d5cf"/><ellipse cx="120" cy="149" rx="40" ry="5" fill="#8fb8b2"/>
    <path d="M66 78h108c0 36-20 58-34 66h-40C86 136 66 114 66 78z" fill="#a4ccc5"/><path d="M76 82c2 28 14 46 26 56" stroke="#d9eeea" stroke-width="6" stroke-linecap="round" fill="none"/><ellipse cx="120" cy="78" rx="54" ry="9" fill="#7fada6"/>
    <path d="M74 74c6-24 26-34 46-34s40 10 46 34c-14 7-78 7-92 0z" fill="#b9dad4"/><rect x="109" y="28" width="22" height="13" rx="5" fill="#8fb8b2"/><path d="M92 58q10-10 22-11" stroke="#e6f5f2" stroke-width="5" stroke-linecap="round" fill="none"/>`,
  teapot: `<ellipse cx="120" cy="152" rx="72" ry="7" fill="#000" opacity=".08"/><path d="M172 84c26-14 40 6 34 24-5 16-22 24-38 22" fill="none" stroke="#8e4a30" stroke-width="11" stroke-linecap="round"/>
    <path d="M66 108C50 104 40 86 30 74l12-7c10 10 18 16 30 18z" fill="#9b5236"/><path d="M64 100c0-26 24-40 56-40s56 14 56 40-22 50-56 50-56-24-56-50z" fill="#a85b3c"/><path d="M76 104c2 18 12 30 24 36" stroke="#c67f5f" stroke-width="6" stroke-linecap="round" fill="none"/>
    <path d="M84 66c4-14 18-20 36-20s32 6 36 20c-16 6-56 6-72 0z" fill="#94492f"/><circle cx="120" cy="39" r="8" fill="#a85b3c"/>`,
};

const productOf = (id) => PRODUCTS.find((product) => product.id === id);
const pageOf = (product) => `product-${product.id}.html`;

// ----------------------------------------------------------------------------------------------------------- elements

/** An element; `fields` are attributes, or listeners when they are functions; children are nodes or plain text. */
function el(name, fields = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** A label in both languages, the Chinese one marked as such. */
function both(en, zh) {
  const made = document.createDocumentFragment();
  made.append(`${en} `, el("span", { lang: "zh-CN", class: "zh" }, zh));
  return made;
}

/** A product's drawing. The markup is this file's own, never anybody's input. */
function picture(product) {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 180" role="img" class="art"><rect width="240" height="180" fill="${product.ground}"/>${ART[product.id]}</svg>`;
  const drawing = document.importNode(
    new DOMParser().parseFromString(text, "image/svg+xml").documentElement,
    true,
  );
  drawing.setAttribute("aria-label", `${product.en} ${product.zh}`);
  return drawing;
}

// ---------------------------------------------------------------------------------------------------- what is remembered

/** A JSON value in a browser storage, so that a page left is a page remembered. */
function memory(storage, key, empty) {
  const name = `lakeside.${key}`;
  return {
    get() {
      try {
        return JSON.parse(storage.getItem(name)) ?? empty;
      } catch {
        return empty;
      }
    },
    set: (value) => storage.setItem(name, JSON.stringify(value)),
  };
}

/** Product id → quantity. */
const cart = memory(localStorage, "cart", {});
/** Ids of favourite products. */
const favorites = memory(localStorage, "favorites", []);
/** The order on its way: `{order_id, amount, paid, score}`. */
const order = memory(sessionStorage, "order", null);
/** The chat so far: `[who, text]`. */
const chat = memory(sessionStorage, "chat", []);

const cartLines = () =>
  Object.entries(cart.get())
    .map(([id, quantity]) => ({ product: productOf(id), quantity }))
    .filter(({ product, quantity }) => product && quantity > 0);
const cartTotal = () => cartLines().reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
const cartSize = () => cartLines().reduce((sum, { quantity }) => sum + quantity, 0);

function setQuantity(id, quantity) {
  const now = { ...cart.get(), [id]: quantity };
  if (quantity <= 0) delete now[id];
  cart.set(now);
  showCartSize();
}

/** Fen as a decimal string: 12800 → "128.00". */
const decimal = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
const price = (fen) => `¥${decimal(fen)}`;

/** An id no other order or payment has: the day, then eight random characters. */
function makeId(prefix) {
  const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const random = [...crypto.getRandomValues(new Uint8Array(8))]
    .map((byte) => letters[byte % letters.length])
    .join("");
  return `${prefix}-${new Date().toISOString().slice(0, 10).replaceAll("-", "")}-${random}`;
}

/** Goes on once the events of this page are on their way; the button cannot be pressed twice meanwhile. */
function leave(button, page) {
  button.disabled = true;
  setTimeout(() => location.assign(page), LEAVE_AFTER_MS);
}

// -------------------------------------------------------------------------------------------------------------- frame

function showFrame() {
  document
    .getElementById("top")
    .replaceChildren(
      el(
        "div",
        { class: "strip" },
        "Demo, nothing is sold 演示店铺 · ",
        el("a", { href: "/" }, "Watch the funnel 查看漏斗 →"),
      ),
      el(
        "div",
        { class: "bar" },
        el(
          "a",
          { class: "brand", href: "./" },
          el("b", {}, "Lakeside Tea"),
          el("span", { lang: "zh-CN" }, "湖畔茶铺"),
        ),
        el(
          "a",
          { class: "cart-link", href: "cart.html", "data-testid": "to-cart" },
          both("Cart", "购物车"),
          el("span", { id: "cart-size", "data-testid": "cart-count" }),
        ),
      ),
    );
  document
    .getElementById("foot")
    .replaceChildren(el("p", {}, both("Packed by the lake, sent the same day.", "湖边打包，当日发出。")));
  showCartSize();
}

function showCartSize() {
  document.getElementById("cart-size").textContent = String(cartSize());
}

let toastTimer;
function toast(...content) {
  document.getElementById("toast")?.remove();
  clearTimeout(toastTimer);
  document.body.append(el("div", { id: "toast", role: "status" }, ...content));
  toastTimer = setTimeout(() => document.getElementById("toast")?.remove(), 4000);
}

// -------------------------------------------------------------------------------------------------------------- pages

function homePage() {
  return [
    el(
      "section",
      { class: "hero" },
      el("h1", {}, "Tea from the lakeside"),
      el("p", { lang: "zh-CN", class: "zh-title" }, "湖畔一盏，四时皆春"),
      el("p", {}, "Four teas we drink ourselves, two vessels to brew them in."),
    ),
    el("section", { class: "grid" }, ...PRODUCTS.map(productCard)),
  ];
}

function productCard(product) {
  return el(
    "a",
    { class: "product-card", href: pageOf(product), "data-testid": `product-${product.id}` },
    picture(product),
    el(
      "span",
      { class: "product-name" },
      el("b", {}, product.en),
      el("span", { lang: "zh-CN", class: "zh" }, product.zh),
    ),
    el("span", { class: "product-price" }, el("b", {}, price(product.price)), el("span", {}, product.unit)),
  );
}

function productPage() {
  const product = productOf(document.body.dataset.product);
  const isFavorite = () => favorites.get().includes(product.id);
  const heart = el(
    "button",
    {
      type: "button",
      class: "heart",
      "data-testid": "favorite",
      "aria-pressed": String(isFavorite()),
      click: toggle,
    },
    both("Favourite", "收藏"),
  );
  function toggle() {
    const rest = favorites.get().filter((id) => id !== product.id);
    // Only choosing a favourite is an event; taking it back is not.
    if (!isFavorite()) {
      favorites.set([...rest, product.id]);
      window.shopfunnel("favorite", { product: product.id });
    } else {
      favorites.set(rest);
    }
    heart.setAttribute("aria-pressed", String(isFavorite()));
  }
  function addToCart() {
    setQuantity(product.id, (cart.get()[product.id] ?? 0) + 1);
    window.shopfunnel("cart", { product: product.id });
    toast(
      both(`${product.en} is in your cart.`, "已加入购物车"),
      " ",
      el("a", { href: "cart.html" }, both("Open it", "去购物车")),
    );
  }
  return [
    el("nav", { class: "crumbs" }, el("a", { href: "./" }, both("← All teas and cups", "全部商品"))),
    el(
      "article",
      { class: "product" },
      el("div", { class: "product-picture" }, picture(product)),
      el(
        "div",
        {},
        el("h1", {}, product.en),
        el("p", { lang: "zh-CN", class: "zh-title" }, product.zh),
        el("p", { class: "big-price" }, price(product.price), el("span", {}, ` / ${product.unit}`)),
        el("p", {}, product.story),
        el("p", { lang: "zh-CN", class: "zh" }, product.zhStory),
        el(
          "div",
          { class: "actions" },
          el(
            "button",
            { type: "button", class: "main", "data-testid": "add-to-cart", click: addToCart },
            both("Add to cart", "加入购物车"),
          ),
          heart,
        ),
        el("dl", {}, ...product.facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
      ),
    ),
    el("h2", {}, both("Goes well with", "搭配")),
    el(
      "section",
      { class: "grid small" },
      ...PRODUCTS.filter((other) => other !== product)
        .slice(-3)
        .map(productCard),
    ),
  ];
}

function cartPage() {
  const lines = cartLines();
  if (lines.length === 0) return emptyPage("Your cart is empty", "购物车是空的");
  const change = (product, quantity) => () => {
    setQuantity(product.id, quantity);
    showPage();
  };
  return [
    el("h1", {}, both("Cart", "购物车")),
    el(
      "section",
      { class: "panel" },
      ...lines.map(({ product, quantity }) =>
        el(
          "div",
          { class: "line" },
          picture(product),
          el(
            "div",
            { class: "line-name" },
            el("a", { href: pageOf(product) }, product.en),
            el("span", { lang: "zh-CN", class: "zh" }, product.zh),
          ),
          el(
            "div",
            { class: "quantity" },
            el(
              "button",
              { type: "button", "aria-label": "One less 减一", click: change(product, quantity - 1) },
              "−",
            ),
            el("output", {}, String(quantity)),
            el(
              "button",
              { type: "button", "aria-label": "One more 加一", click: change(product, quantity + 1) },
              "+",
            ),
          ),
          el("b", { class: "line-price" }, price(product.price * quantity)),
        ),
      ),
      totalRow(cartTotal()),
      el(
        "a",
        { class: "main button", href: "checkout.html", "data-testid": "to-checkout" },
        both("Go to checkout", "去结算"),
      ),
    ),
  ];
}

function checkoutPage() {
  if (cartSize() === 0) return emptyPage("There is nothing to order", "没有可结算的商品");
  const button = el(
    "button",
    { class: "main", "data-testid": "place-order" },
    both("Place order", "提交订单"),
  );
  function placeOrder(event) {
    event.preventDefault();
    const placed = { order_id: makeId("LT"), amount: decimal(cartTotal()) };
    order.set(placed);
    cart.set({});
    window.shopfunnel("order", { ...placed, currency: CURRENCY });
    leave(button, "pay.html");
  }
  const field = (en, zh, value) =>
    el(
      "label",
      {},
      el("span", {}, both(en, zh)),
      el("input", { value, required: true, autocomplete: "off" }),
    );
  return [
    el("h1", {}, both("Checkout", "结算")),
    el(
      "div",
      { class: "columns" },
      el(
        "form",
        { class: "panel", submit: placeOrder },
        el("h2", {}, both("Where to", "收货信息")),
        field("Name", "姓名", "Lin Wei 林薇"),
        field("Phone", "电话", "138 0000 0000"),
        field("Address", "地址", "1 Lakeside Lane, Hangzhou 杭州市湖畔里 1 号"),
        el(
          "p",
          { class: "hint" },
          both("Invented, and it never leaves this page.", "示例信息，不会离开本页面。"),
        ),
        button,
      ),
      el(
        "section",
        { class: "panel summary" },
        el("h2", {}, both("Your order", "订单")),
        ...cartLines().map(({ product, quantity }) =>
          el(
            "p",
            { class: "row" },
            el("span", {}, `${product.en} × ${quantity}`),
            el("span", {}, price(product.price * quantity)),
          ),
        ),
        el(
          "p",
          { class: "row" },
          el("span", {}, both("Delivery", "运费")),
          el("span", {}, both("free", "包邮")),
        ),
        totalRow(cartTotal()),
      ),
    ),
  ];
}

function payPage() {
  const placed = order.get();
  if (!placed) return emptyPage("There is no order to pay", "没有待付款的订单");
  if (placed.paid) return thanksPage();
  const button = el(
    "button",
    { class: "main", "data-testid": "pay" },
    both(`Pay ¥${placed.amount} now`, "立即付款"),
  );
  function pay(event) {
    event.preventDefault();
    order.set({ ...placed, paid: true });
    window.shopfunnel("payment", {
      order_id: placed.order_id,
      payment_id: makeId("PAY"),
      amount: placed.amount,
      currency: CURRENCY,
    });
    leave(button, "thanks.html");
  }
  const way = (en, zh, checked) =>
    el("label", { class: "way" }, el("input", { type: "radio", name: "way", checked }), both(en, zh));
  return [
    el("h1", {}, both("Pay", "付款")),
    el(
      "form",
      { class: "panel narrow", submit: pay },
      el(
        "p",
        { class: "row" },
        el("span", {}, both("Order", "订单号")),
        el("code", { "data-testid": "order-id" }, placed.order_id),
      ),
      el(
        "p",
        { class: "row total" },
        el("span", {}, both("To pay", "应付")),
        el("b", {}, `¥${placed.amount}`),
      ),
      way("WeChat Pay", "微信支付", true),
      way("Alipay", "支付宝", false),
      way("Card", "银行卡", false),
      el("p", { class: "hint" }, both("A demo: nobody is charged.", "演示：不会产生任何扣款。")),
      button,
    ),
  ];
}

function thanksPage() {
  const placed = order.get();
  if (!placed?.paid) return emptyPage("There is no paid order yet", "还没有已付款的订单");
  const answer = el("p", { class: "hint", role: "status" });
  const stars = [1, 2, 3, 4, 5].map((score) =>
    el(
      "button",
      {
        type: "button",
        class: "star",
        "data-testid": `rate-${score}`,
        "aria-label": `${score} / 5`,
        click: () => rate(score),
      },
      "★",
    ),
  );
  function showScore(score) {
    stars.forEach((star, at) => {
      star.classList.toggle("lit", at < score);
      star.disabled = score > 0;
    });
    if (score > 0) answer.replaceChildren(both("Thank you!", "谢谢您的评价！"));
  }
  function rate(score) {
    order.set({ ...order.get(), score });
    window.shopfunnel("rating", { score });
    showScore(score);
  }
  showScore(placed.score ?? 0);
  return [
    el(
      "section",
      { class: "panel narrow centred" },
      el("div", { class: "done", "aria-hidden": "true" }, "✓"),
      el("h1", {}, "Thank you"),
      el("p", { lang: "zh-CN", class: "zh-title" }, "谢谢惠顾"),
      el(
        "p",
        {},
        both("Your tea is on its way. Order", "茶已在路上，订单号"),
        " ",
        el("code", {}, placed.order_id),
      ),
      el("h2", {}, both("How was it with us?", "本次服务如何？")),
      el("div", { class: "stars" }, ...stars),
      answer,
      el("p", {}, el("a", { href: "./" }, both("Back to the shop", "返回店铺"))),
    ),
  ];
}

function emptyPage(en, zh) {
  return [
    el(
      "section",
      { class: "panel narrow centred" },
      el("h1", {}, en),
      el("p", { lang: "zh-CN", class: "zh-title" }, zh),
      el("a", { class: "main button", href: "./" }, both("See the teas", "去看看茶")),
    ),
  ];
}

function totalRow(fen) {
  return el(
    "p",
    { class: "row total" },
    el("span", {}, both("Total", "合计")),
    el("b", { "data-testid": "total" }, price(fen)),
  );
}

const PAGES = {
  home: homePage,
  product: productPage,
  cart: cartPage,
  checkout: checkoutPage,
  pay: payPage,
  thanks: thanksPage,
};

function showPage() {
  document.getElementById("main").replaceChildren(...PAGES[document.body.dataset.page]());
}

// --------------------------------------------------------------------------------------------------------------- chat

/** What Mei says, by a word of the question; the last one fits everything. */
const ANSWERS = [
  [
    /brew|temperature|water|泡|水温/i,
    "80 °C for green tea, boiling for pu’er, and no hurry. 绿茶 80 °C，普洱用沸水，慢慢来。",
  ],
  [
    /ship|deliver|days|arrive|发货|快递|多久/i,
    "We send today; most parcels take two days. 今天发货，一般两天到。",
  ],
  [
    /gift|present|wrap|送礼|礼盒/i,
    "Gladly: we wrap it in lake-blue paper, free of charge. 可以免费用湖蓝色纸包装哦。",
  ],
  [
    /fresh|when|year|新茶|年份|保质/i,
    "This spring's picking, opened for you only when you order. 今年春茶，下单后才分装。",
  ],
  [
    /./s,
    "Good question! Of all our teas I would start with the Longjing. 好问题！第一次喝的话，我推荐龙井。",
  ],
];
const QUESTIONS = [
  "How do I brew it? 怎么泡？",
  "When does it arrive? 多久到？",
  "Is it this year's? 是新茶吗？",
];

function showChat() {
  const log = el("div", { class: "chat-log", role: "log", "aria-live": "polite" });
  const input = el("input", {
    "data-testid": "chat-input",
    placeholder: "Ask Mei … 想问点什么？",
    "aria-label": "Message 消息",
    maxlength: "300",
    autocomplete: "off",
  });
  const questions = el(
    "div",
    { class: "questions" },
    ...QUESTIONS.map((text) => el("button", { type: "button", click: () => send(text) }, text)),
  );
  const panel = el(
    "section",
    { id: "chat", class: "chat", "aria-label": "Chat 客服", hidden: true },
    el(
      "header",
      {},
      el("span", { class: "face", "aria-hidden": "true" }, "梅"),
      el("span", {}, el("b", {}, "Mei 小梅"), el("small", {}, "answers within a minute 一分钟内回复")),
      el("button", { type: "button", "aria-label": "Close 关闭", click: () => open(false) }, "×"),
    ),
    log,
    questions,
    el(
      "form",
      {
        submit: (event) => {
          event.preventDefault();
          send(input.value);
        },
      },
      input,
      el("button", { class: "main", "data-testid": "chat-send" }, both("Send", "发送")),
    ),
  );
  const launcher = el(
    "button",
    {
      type: "button",
      class: "chat-open main",
      "data-testid": "chat-open",
      "aria-expanded": "false",
      "aria-controls": "chat",
      click: () => open(panel.hidden),
    },
    both("Ask us", "咨询"),
  );

  function open(wanted) {
    panel.hidden = !wanted;
    launcher.setAttribute("aria-expanded", String(wanted));
    if (wanted) {
      log.scrollTop = log.scrollHeight;
      input.focus();
    }
  }
  function show(who, text) {
    log.append(el("p", { class: who }, text));
    log.scrollTop = log.scrollHeight;
  }
  function say(who, text) {
    chat.set([...chat.get(), [who, text]]);
    show(who, text);
  }
  function send(typed) {
    const text = typed.trim();
    if (!text) return;
    // One conversation is one inquiry, however many messages it has.
    if (!chat.get().some(([who]) => who === "visitor"))
      window.shopfunnel("inquiry", { channel: "demo-chat", agent: "mei" });
    say("visitor", text);
    input.value = "";
    questions.hidden = true;
    setTimeout(() => say("mei", ANSWERS.find(([pattern]) => pattern.test(text))[1]), ANSWER_AFTER_MS);
  }

  show("mei", "Hello! I am Mei. What may I tell you about our tea? 您好，我是小梅，想了解哪款茶？");
  for (const [who, text] of chat.get()) show(who, text);
  questions.hidden = chat.get().length > 0;
  document.body.append(panel, launcher);
}

showFrame();
showPage();
showChat();

// A page taken back from the browser's memory still shows the cart and the buttons of then.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  showCartSize();
  showPage();
});
