"use strict";

// What a shop keeps on its server stands here in the page: names and prices, and what lies in the cart.
const NAMES = { kettle: "Kettle", "kettle-pro": "Kettle Pro", "kettle-max": "Kettle Max", toaster: "Toaster" };
Object.assign(NAMES, { cup: "Cup", morning: "Morning set", care: "Three years of care" });
const cart = { currency: "USD", items: [{ id: "kettle", quantity: 1, price: 2900 }] };

const asked = new URLSearchParams(location.search);
const host = "http://127.0.0.1:8600";
const place = document.querySelector("#offer");
// One id for this device, as analytics clients keep one; take theirs where there is one.
const visitor = localStorage.getItem("visitor") || crypto.randomUUID();
localStorage.setItem("visitor", visitor);

function draw() {
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency: cart.currency });
  const lines = cart.items.map(({ id, quantity, price }) => {
    const line = document.createElement("li");
    line.textContent = `${quantity} × ${NAMES[id] || id}, ${money.format(price / 100)}`;
    return line;
  });
  document.querySelector("#cart").replaceChildren(...lines);
  const total = cart.items.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
  document.querySelector("#total").textContent = money.format(total / 100);
}

/** Put so many of an item into the cart, or take them out of it. */
function put({ id, quantity, price }, sign) {
  const line = cart.items.find((each) => each.id === id);
  if (line) line.quantity += sign * quantity;
  else cart.items.push({ id, quantity, price });
  cart.items = cart.items.filter((each) => each.quantity > 0);
}

/** Change the cart as what was accepted says; a shop does it on its server, and throws where it cannot. */
async function apply({ remove, add }) {
  for (const each of remove) put(each, -1);
  for (const each of add) put(each, 1);
  draw();
}

function ask() {
  upsell.checkout(cart, { into: place, apply });
}

async function order() {
  // A shop tells of orders from its server; this page has only its own key.
  const event = { type: "track", event: "Order Completed", anonymousId: visitor, messageId: crypto.randomUUID() };
  event.properties = { order_id: crypto.randomUUID(), items: cart.items, currency: cart.currency };
  event.properties.amount = cart.items.reduce((sum, each) => sum + each.quantity * each.price, 0);
  await fetch(host + "/v1/track", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer " + asked.get("key") },
    body: JSON.stringify(event),
  });
  upsell.close();
  cart.items = [];
  draw();
}

for (const name of ["shown", "clicked", "accepted", "declined", "dismissed", "withheld", "failed"])
  upsell.on(name, (detail) => {
    const line = document.createElement("li");
    const change = detail.answer && detail.answer.cart;
    line.textContent = name + (detail.error ? ": " + detail.error.message : change ? ": " + JSON.stringify(change) : "");
    document.querySelector("#told").append(line);
  });

draw();
upsell.init({ host, key: asked.get("key"), token: asked.get("token"), anonymousId: visitor });
ask();
document.querySelector("#toaster").addEventListener("click", () => {
  put({ id: "toaster", quantity: 1, price: 3550 }, 1);
  draw();
  ask();
});
document.querySelector("#order").addEventListener("click", order);
