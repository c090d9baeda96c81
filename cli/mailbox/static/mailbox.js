// The mailbox's page: asks for the list every two seconds, shows the message named after the # of the address.
// Everything of a message enters the page as text, but its HTML, which lives in a frame that may run nothing.
"use strict";

const at = (id) => document.getElementById(id);
let listed = "";
let opened = null;
let view = "html";

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function shortTime(iso) {
  const time = new Date(iso);
  const today = time.toDateString() === new Date().toDateString();
  return today
    ? time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : time.toLocaleDateString([], { day: "numeric", month: "short" });
}

function row(message) {
  const link = element("a", "", { href: `#${message.id}` });
  if (message.id === location.hash.slice(1)) link.setAttribute("aria-current", "true");
  link.append(
    element("strong", message.subject || "(no subject)"),
    element("time", shortTime(message.received_at), { datetime: message.received_at }),
    element("span", `to ${message.to.join(", ")}`),
  );
  return link;
}

async function refresh() {
  let messages;
  try {
    messages = await (await fetch("api/messages?brief&limit=200")).json();
  } catch {
    at("state").textContent = "The mailbox does not answer; is `tocsin up` running?";
    return;
  }
  at("state").textContent = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  if (!location.hash && messages.length) history.replaceState(null, "", `#${messages[0].id}`);
  const now = JSON.stringify([messages.map((message) => message.id), location.hash]);
  if (now === listed) return;
  listed = now;
  at("list").replaceChildren(...messages.map(row));
  await open(location.hash.slice(1));
}

async function open(id) {
  if (opened && opened.id === id) return;
  const answer = id ? await fetch(`api/messages/${encodeURIComponent(id)}`) : null;
  opened = answer && answer.ok ? await answer.json() : null;
  at("message").hidden = !opened;
  at("nothing").hidden = Boolean(opened);
  if (!opened) return;
  document.title = `${opened.subject || "(no subject)"} · Tocsin mailbox`;
  at("subject").textContent = opened.subject || "(no subject)";
  const headers = Object.fromEntries(opened.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const lines = [
    ["From", headers.from || opened.from],
    ["To", opened.to.join(", ")],
    ["Date", new Date(opened.received_at).toLocaleString()],
  ];
  if (headers["reply-to"]) lines.splice(1, 0, ["Reply to", headers["reply-to"]]);
  at("envelope").replaceChildren(...lines.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  at("attachments").replaceChildren(
    ...opened.attachments.map((file) => element("li", `${file.name} · ${file.content_type} · ${file.size} bytes`)),
  );
  view = opened.html ? "html" : "text";
  show();
}

function frame(html) {
  // No scripts, no forms, no access to this page; links open beside it.
  const made = element("iframe", "", {
    sandbox: "allow-popups allow-popups-to-escape-sandbox",
    referrerpolicy: "no-referrer",
    title: "The mail as a mail program shows it",
  });
  made.srcdoc = `<base target="_blank">${html}`;
  return made;
}

function show() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.view === view));
    tab.disabled = tab.dataset.view !== "headers" && !opened[tab.dataset.view];
  }
  const headers = () => opened.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  at("body").replaceChildren(
    view === "html" ? frame(opened.html) : element("pre", view === "text" ? opened.text : headers()),
  );
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => {
    view = tab.dataset.view;
    show();
  });
}
at("clear").addEventListener("click", async () => {
  await fetch("api/messages", { method: "DELETE" });
  history.replaceState(null, "", location.pathname);
  await refresh();
});
window.addEventListener("hashchange", refresh);
refresh();
setInterval(refresh, 2000);
