// How a message of each channel type looks to whoever gets it. Everything enters as text, but for HTML that
// the server has sanitised or a mail brings along: that lives in frames that may run nothing.
"use strict";

const KINDS = {
  email: "Mail", sms: "SMS", push: "Push", chat: "Chat", http: "Request",
  in_app_feed: "Feed", in_app_guide: "Guide", in_app: "In-app",
};

function element(name, text, attributes = {}, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function frame(html, title) {
  // No scripts, no forms, no access to this page; links open beside it.
  const made = element("iframe", "", {
    sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer", title,
  });
  made.srcdoc = `<base target="_blank">${html}`;
  return made;
}

const PROSE = `<style>body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#1d1c1a;overflow-wrap:anywhere}
  p:first-child{margin-top:0}a{color:#b4541a}pre,code{background:#f2f0ec;border-radius:4px;padding:.1em .3em}
  blockquote{margin-left:0;padding-left:.8em;border-left:3px solid #ddd;color:#555}img{max-width:100%}</style>`;

const CARD = `<style>.card{box-sizing:border-box;max-width:26rem;margin:8px auto;padding:1rem 1.1rem;background:#fff;
  border:1px solid #e0ddd6;border-radius:10px;box-shadow:0 6px 20px #0001}.stamp{color:#6b6862;font-size:.8rem;margin:0}
  .button{display:inline-block;border:1px solid #1d1c1a;border-radius:6px;padding:.2rem .7rem;margin-right:.4rem;
  font-size:.87rem}.primary{background:#1d1c1a;color:#fff}</style>`;

function time(message) {
  return new Date(message.received_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function stage(...children) {
  return element("div", "", { class: "stage" }, ...children);
}

const SHAPES = {
  email: (message) => frame(message.html, "The mail as a mail program shows it"),

  sms: (message) => stage(element("div", "", { class: "phone" },
    element("p", message.to.join(", "), { class: "contact" }),
    element("p", message.text, { class: "bubble" }),
    element("p", time(message), { class: "stamp" }))),

  push: (message) => stage(element("div", "", { class: "lock" },
    element("p", time(message), { class: "clock" }),
    element("div", "", { class: "push" },
      element("p", message.from, { class: "app" }),
      element("strong", message.subject || "(no title)"),
      element("p", message.text)))),

  chat: (message) => stage(element("div", "", { class: "chat" },
    element("span", (message.from[0] || "?").toUpperCase(), { class: "avatar" }),
    element("div", "", { class: "said" },
      element("p", "", { class: "who" }, element("strong", message.from), ` APP ${time(message)}`),
      message.html ? frame(PROSE + message.html, "The chat message") : element("pre", message.text)))),

  http: (message) => {
    const { method, url, headers, query_params: query } = message.content;
    const pairs = (title, list) => (list && list.length ? [element("h3", title), element("dl", "", {},
      ...list.flatMap(({ key, value }) => [element("dt", key), element("dd", value)]))] : []);
    return stage(element("div", "", { class: "request" },
      element("p", "", { class: "line" }, element("b", method.toUpperCase()), ` ${url}`),
      ...pairs("Query", query), ...pairs("Headers", headers),
      ...(message.text ? [element("h3", "Body"), element("pre", message.text)] : [])));
  },

  in_app_feed: (message) => {
    const block = (name) => message.content.blocks.find((one) => one.name === name);
    const link = block("action_url");
    const buttons = (block("actions") || { buttons: [] }).buttons;
    // The whole card stands in the frame: only inside it is known how tall the text is.
    const below = element("div", "", {},
      element("p", "", {}, ...buttons.map((button) =>
        element("span", button.label, { class: `button ${button.name}`, title: button.action }))),
      element("p", link ? `A click leads to ${link.rendered || "nowhere"} · ${time(message)}` : time(message),
        { class: "stamp" }));
    return stage(frame(`${PROSE}${CARD}<div class="card">${message.html}${below.innerHTML}</div>`, "The feed item"));
  },

  in_app_guide: (message) => stage(element("div", "", { class: "card guide" },
    element("p", "Guide", { class: "app" }),
    element("strong", message.content.guide_key || "(no guide named)"),
    element("p", `is to be shown to ${message.to.join(", ")}`))),
};

function shape(message) {
  return (SHAPES[message.channel_type] || ((one) => element("pre", one.text)))(message);
}
