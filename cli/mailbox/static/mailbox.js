// The mailbox's page: asks for the list every two seconds, shows the message named after the # of the address.
// How each kind of message looks is in shapes.js.
"use strict";

const at = (id) => document.getElementById(id);
let listed = "";
let opened = null;
let view = "shown";
let kind = "";

function shortTime(iso) {
  const moment = new Date(iso);
  const today = moment.toDateString() === new Date().toDateString();
  return today
    ? moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : moment.toLocaleDateString([], { day: "numeric", month: "short" });
}

function row(message) {
  const link = element("a", "", { href: `#${message.id}` });
  if (message.id === location.hash.slice(1)) link.setAttribute("aria-current", "true");
  link.append(
    element("strong", message.subject || "(no subject)"),
    element("time", shortTime(message.received_at), { datetime: message.received_at }),
    element("span", "", {}, element("b", KINDS[message.channel_type] || message.channel_type, { class: "kind" }),
      ` to ${message.to.join(", ")}`),
  );
  return link;
}

function chip(name, label) {
  const made = element("button", label, { type: "button", "aria-pressed": String(kind === name) });
  made.addEventListener("click", () => {
    kind = name;
    history.replaceState(null, "", location.pathname);
    refresh();
  });
  return made;
}

async function refresh() {
  let messages;
  try {
    const answer = await fetch(`api/messages?brief&limit=200&channel_type=${kind}`);
    messages = await answer.json();
    if (!answer.ok) throw new Error(messages.message);
  } catch (error) {
    const away = error instanceof TypeError || error instanceof SyntaxError;
    at("state").textContent = away ? "The mailbox does not answer; is `tocsin up` running?" : error.message;
    return;
  }
  at("state").textContent = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  if (!location.hash && messages.length) history.replaceState(null, "", `#${messages[0].id}`);
  const now = JSON.stringify([messages.map((message) => message.id), location.hash, kind]);
  if (now === listed) return;
  listed = now;
  at("kinds").replaceChildren(chip("", "All"), ...Object.entries(KINDS).map(([name, label]) => chip(name, label)));
  at("list").replaceChildren(...messages.map(row));
  await open(location.hash.slice(1));
}

function envelope(message) {
  const headers = Object.fromEntries(message.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const lines = [["From", headers.from || message.from]];
  if (headers["reply-to"]) lines.push(["Reply to", headers["reply-to"]]);
  lines.push(["To", message.to.join(", ")], ["Date", new Date(message.received_at).toLocaleString()]);
  const origin = message.origin;
  if (origin) {
    lines.push(["Channel", `${origin.channel_key} · ${origin.status}`]);
    lines.push(["Workflow", `${origin.workflow_key}, step ${origin.step_ref}, for ${origin.recipient}`]);
    if (origin.tenant) lines.push(["Tenant", origin.tenant]);
  }
  return lines;
}

async function open(id) {
  if (opened && opened.id === id) return;
  const answer = id ? await fetch(`api/messages/${encodeURIComponent(id)}`) : null;
  opened = answer && answer.ok ? await answer.json() : null;
  at("message").hidden = !opened;
  at("nothing").hidden = Boolean(opened);
  if (!opened) return;
  const title = opened.subject || KINDS[opened.channel_type] || "(no subject)";
  document.title = `${title} · Tocsin mailbox`;
  at("subject").textContent = title;
  at("envelope").replaceChildren(
    ...envelope(opened).flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
  at("attachments").replaceChildren(
    ...opened.attachments.map((file) => element("li", `${file.name} · ${file.content_type} · ${file.size} bytes`)),
  );
  view = Object.keys(views())[0];
  show();
}

// What can be seen of the open message: the name of each view, and how it is made.
function views() {
  const kindName = KINDS[opened.channel_type] || "Message";
  const found = {};
  if (opened.channel_type !== "email" || opened.html) found[kindName] = () => shape(opened);
  if (opened.text) found.Text = () => element("pre", opened.text);
  if (opened.headers.length) {
    found.Headers = () => element("pre", opened.headers.map(([name, value]) => `${name}: ${value}`).join("\n"));
  }
  if (opened.content) found.JSON = () => element("pre", JSON.stringify(opened.content, null, 2));
  if (!Object.keys(found).length) found.Text = () => element("pre", "(nothing)");
  return found;
}

function show() {
  const all = views();
  document.querySelector("[role=tablist]").replaceChildren(...Object.keys(all).map((name) => {
    const tab = element("button", name, { type: "button", role: "tab", "aria-selected": String(name === view) });
    tab.addEventListener("click", () => {
      view = name;
      show();
    });
    return tab;
  }));
  at("body").replaceChildren(all[view]());
}

at("clear").addEventListener("click", async () => {
  await fetch("api/messages", { method: "DELETE" });
  history.replaceState(null, "", location.pathname);
  await refresh();
});
window.addEventListener("hashchange", refresh);
refresh();
setInterval(refresh, 2000);
