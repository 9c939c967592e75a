// The demo shop: a cart in localStorage, a chat that answers by itself, and the calls a real shop would make.
// Money is kept in fen, so that no amount is ever a float.
"use strict";

window.shopfunnel = window.shopfunnel || function () {
  (window.shopfunnel.q = window.shopfunnel.q || []).push(arguments);
};

const PRODUCTS = {
  longjing: { zh: "明前龙井", en: "Longjing, spring pick", fen: 12800 },
  puer: { zh: "古树普洱", en: "Pu'er, old tree", fen: 26800 },
  oolong: { zh: "冻顶乌龙", en: "Dongding oolong", fen: 9800 },
  jasmine: { zh: "茉莉花茶", en: "Jasmine green", fen: 5800 },
  gaiwan: { zh: "青瓷盖碗", en: "Celadon gaiwan", fen: 16800 },
  teapot: { zh: "紫砂壶", en: "Yixing teapot", fen: 38000 },
};
const AGENT = "mei";
const CHANNEL = "demo-chat";

const find = (id) => document.getElementById(id);
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function remembered(store, key, otherwise) {
  try {
    return JSON.parse(store.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

const cart = () => remembered(localStorage, "tea.cart", []).filter((name) => name in PRODUCTS);
const order = () => remembered(sessionStorage, "tea.order", null);
const total = (names) => names.reduce((sum, name) => sum + PRODUCTS[name].fen, 0);

function showCartCount() {
  find("cart-count").textContent = cart().length || "";
}

function art(name) {
  const made = element("div", { className: `art art-${name}` });
  made.setAttribute("aria-hidden", "true");
  return made;
}

function showProducts(place) {
  for (const [name, product] of Object.entries(PRODUCTS)) {
    place.append(
      element("a", { href: `product-${name}.html`, className: "card" }, art(name),
        element("strong", {}, product.zh), element("span", {}, product.en),
        element("b", {}, `¥${yuan(product.fen)}`)),
    );
  }
}

function showProduct(place) {
  const name = place.dataset.product;
  const product = PRODUCTS[name];
  const like = element("button", { className: "quiet" }, "♡ 收藏 Favorite");
  const add = element("button", { className: "button" }, "加入购物车 Add to cart");
  like.dataset.testid = "favorite";
  add.dataset.testid = "add-to-cart";
  like.addEventListener("click", () => {
    shopfunnel("favorite", { product: name });
    like.textContent = "♥ 已收藏 Saved";
    like.disabled = true;
  });
  add.addEventListener("click", () => {
    localStorage.setItem("tea.cart", JSON.stringify([...cart(), name]));
    shopfunnel("cart", { product: name });
    add.textContent = "已加入 ✓ Added";
    showCartCount();
  });
  place.append(art(name),
    element("div", {}, element("h1", {}, product.zh), element("p", {}, product.en),
      element("p", { className: "price" }, `¥${yuan(product.fen)}`), element("p", {}, add, " ", like),
      element("p", { className: "small" }, "有疑问？点右下角问小美。 Questions? Ask Mei, bottom right.")));
}

function showCart(place) {
  const names = cart();
  if (!names.length) {
    place.append(element("p", {}, "购物车是空的。 Your cart is empty."));
    document.querySelector("[data-testid=to-checkout]").hidden = true;
  }
  for (const name of names) {
    place.append(element("p", {}, PRODUCTS[name].zh, element("b", {}, ` ¥${yuan(PRODUCTS[name].fen)}`)));
  }
  place.append(element("p", { className: "price" }, `合计 Total ¥${yuan(total(names))}`));
}

function checkOut() {
  const fen = total(cart()) || PRODUCTS.longjing.fen;
  find("total").textContent = `¥${yuan(fen)}`;
  find("place-order").addEventListener("click", () => {
    const placed = { id: `T${Date.now().toString(36).toUpperCase()}`, amount: yuan(fen) };
    sessionStorage.setItem("tea.order", JSON.stringify(placed));
    localStorage.removeItem("tea.cart");
    shopfunnel("order", { order_id: placed.id, amount: placed.amount, currency: "CNY" });
    location.href = "pay.html";
  });
}

function pay() {
  const placed = order();
  if (!placed) {
    location.replace("./");
    return;
  }
  find("order-id").textContent = placed.id;
  find("total").textContent = `¥${placed.amount}`;
  find("pay").addEventListener("click", () => {
    shopfunnel("payment", {
      order_id: placed.id, payment_id: `P-${placed.id}`, amount: placed.amount, currency: "CNY",
    });
    location.href = "thanks.html";
  });
}

function rate(place) {
  find("order-id").textContent = order()?.id ?? "";
  for (let score = 1; score <= 5; score += 1) {
    const star = element("button", { className: "quiet" }, "★".repeat(score));
    star.dataset.testid = `rate-${score}`;
    star.addEventListener("click", () => {
      shopfunnel("rating", { score });
      place.replaceChildren("收到，谢谢！ Got it, thank you!");
    });
    place.append(star);
  }
}

function showChat(place) {
  const open = element("button", { className: "button" }, "💬 问小美 Ask Mei");
  open.dataset.testid = "chat-open";
  const lines = element("div", { className: "lines" });
  const input = element("input", { placeholder: "想问什么？ Your question", maxLength: 200 });
  input.dataset.testid = "chat-input";
  const send = element("button", { className: "button" }, "发送 Send");
  send.dataset.testid = "chat-send";
  const form = element("form", { hidden: true }, lines, input, send);
  open.addEventListener("click", () => {
    form.hidden = !form.hidden;
    input.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    lines.append(element("p", { className: "mine" }, input.value));
    input.value = "";
    // One conversation a session, as a real chat tool would report it.
    if (!sessionStorage.getItem("tea.chat")) {
      sessionStorage.setItem("tea.chat", "1");
      shopfunnel("inquiry", { channel: CHANNEL, agent: AGENT });
    }
    lines.append(element("p", {}, "您好，我是小美！今天下单包邮。 Hello, I am Mei! Shipping is free today."));
  });
  place.append(form, open);
}

showCartCount();
showChat(find("chat"));
const places = {
  products: showProducts, product: showProduct, cart: showCart, "place-order": checkOut, pay, rating: rate,
};
for (const [id, show] of Object.entries(places)) {
  const place = find(id);
  if (place) show(place);
}
