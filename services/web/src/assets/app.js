// Brings the page up to date when the views move, says when it cannot, and lets arrow keys walk a chart's points.
(() => {
  "use strict";

  // Live: the server says only that something moved; the page then asks for itself and takes over the marked parts.
  const note = document.getElementById("live-note");
  const QUIET_MS = 15000, APART_MS = 1000, OLD_MS = 60000, HANGS_MS = 20000;
  let stream = null, lastWord = 0, tried = 0, failed = 0, heardOnce = false, pause = 1000, retry = 0;
  let resting = false, busy = false, again = false, lastRefresh = Date.now(), since = null, signedOut = false;
  // Silence of the sources, midnight and a time that is due move no view: what is shown grows old without a word.
  const old = () => Date.now() - lastRefresh > OLD_MS;
  // A line that is being made is given the same time as one that was made.
  const quiet = () => Date.now() - Math.max(lastWord, tried) > QUIET_MS;
  const shown = new Map();
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const position = () => document.getElementById("strip")?.dataset.position;
  // Every form gets a new key each time the page is made; that alone is no news.
  const content = part => part.innerHTML.replace(/name="key" value="[^"]*"/g, "");
  for (const part of parts()) shown.set(part.id, content(part));

  const time = ms => new Date(ms).toLocaleTimeString("en-GB", { hour: "numeric", minute: "2-digit", hour12: true }).replace(" ", "").replace(":00", "");
  // The strip speaks of data as they are now: while updates are away only the note is shown.
  const strip = live => note.parentElement.classList.toggle("not-live", !live);
  function tell() {
    if (!note || resting) return;
    const live = stream && Date.now() - lastWord < QUIET_MS;
    strip(live || (!heardOnce && Date.now() - started < 4000));
    if (live) { since = null; note.hidden = true; note.dataset.text = note.textContent = ""; document.documentElement.dataset.live = "yes"; return; }
    if (!heardOnce && Date.now() - started < 4000) return;
    since ??= lastWord || started;
    document.documentElement.dataset.live = "no";
    const text = signedOut ? "You are signed out. " : "Not updating since " + time(since) + ". Reconnecting…";
    if (note.dataset.text !== text) {
      note.dataset.text = note.textContent = text;
      if (signedOut) note.append(Object.assign(document.createElement("a"), { href: location.pathname + location.search, textContent: "Sign in again" }));
    }
    note.hidden = false;
  }
  const started = Date.now();

  // The stream tells what the page tells: one that is looked at as others see it moves when theirs does.
  const audience = new URL(location.href).searchParams.get("audience");
  const words = "/api/v1/stream" + (audience ? "?audience=" + encodeURIComponent(audience) : "");
  function listen() {
    clearTimeout(retry);
    stream?.close();
    tried = Date.now();
    const mine = stream = new EventSource(words);
    const word = moved => event => {
      if (mine !== stream) return;
      const away = since !== null;
      lastWord = Date.now(); heardOnce = true; pause = 1000; failed = 0; tell();
      let said = {};
      try { said = JSON.parse(event.data); } catch { /* a word without numbers is a word too */ }
      if (moved || String(said.position) !== position() || away || old()) refresh();
    };
    mine.addEventListener("hello", word(false));
    mine.addEventListener("moved", word(true));
    mine.addEventListener("heartbeat", word(false));
    mine.onerror = () => {
      if (mine !== stream) return;
      mine.close(); stream = null; tell();
      // Whether one is signed out the stream cannot say: the page itself is asked for.
      if (++failed === 2 || old()) refresh();
      retry = setTimeout(listen, pause);
      pause = Math.min(pause * 2, 10000);
    };
  }

  // A browser opens six connections to a host and no more: a page that nobody looks at gives its own back.
  function rest() {
    clearTimeout(retry);
    stream?.close(); stream = null; resting = true;
  }

  function wake() {
    if (document.hidden) { rest(); return; }
    if (resting) { resting = false; lastWord = Date.now(); listen(); }
    if (!stream || quiet()) listen();
    if (again) refresh();
  }
  for (const name of ["visibilitychange", "online", "pageshow", "focus"]) addEventListener(name, wake);
  document.addEventListener("visibilitychange", wake);
  setInterval(() => {
    tell();
    // After sleep the stream may look open and be dead.
    if (stream && heardOnce && quiet()) listen();
  }, 1000);

  async function refresh() {
    if (busy || document.hidden) { again = true; return; }
    const wait = lastRefresh + APART_MS - Date.now();
    busy = true; again = false;
    if (wait > 0) await new Promise(done => setTimeout(done, wait));
    lastRefresh = Date.now();
    try {
      const signal = AbortSignal.timeout?.(HANGS_MS);
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "manual", signal });
      signedOut = answer.status === 401 || answer.type === "opaqueredirect";
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the stream says when the server is back */ }
    busy = false;
    if (again) refresh();
  }

  // That something was saved is said once, and not again when the page is opened anew.
  const here = new URL(location.href);
  if (here.searchParams.has("done")) { here.searchParams.delete("done"); history.replaceState(null, "", here); }

  // Where the focus is, in words that find the same thing in the new part.
  function place(part) {
    const e = document.activeElement;
    if (!e || !part.contains(e)) return null;
    for (const name of ["id", "data-start", "data-node", "href", "name"]) {
      const value = e.getAttribute(name);
      if (value) return e.tagName.toLowerCase() + "[" + name + "=" + JSON.stringify(value) + "]" ;
    }
    return null;
  }

  function take(fresh) {
    for (const part of parts()) {
      const next = fresh.getElementById(part.id);
      if (!next || shown.get(part.id) === content(next)) continue;
      // What somebody is filling in is left alone.
      if (part.contains(document.activeElement) && document.activeElement.matches("input,select,textarea")) continue;
      const html = content(next), at = place(part);
      const open = [...part.querySelectorAll("details[open][id]")].map(d => d.id);
      part.replaceChildren(...document.adoptNode(next).childNodes);
      for (const name of ["data-position"]) if (next.hasAttribute(name)) part.setAttribute(name, next.getAttribute(name));
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      if (at) {
        const again = [...part.querySelectorAll(at)].find(e => e.getClientRects().length);
        again?.focus({ preventScroll: true });
        if (again?.matches(".point")) read(again);
      }
      if (shown.has(part.id) && part.matches("figure,.card,section")) {
        part.classList.remove("moved"); void part.offsetWidth; part.classList.add("moved");
      }
      shown.set(part.id, html);
    }
    const strip = fresh.getElementById("strip"), own = document.getElementById("strip");
    if (strip && own) own.dataset.position = strip.dataset.position;
    document.dispatchEvent(new CustomEvent("parts-taken"));
  }

  // Charts: hover or focus reads a point out below; arrow keys walk.
  const panel = point => point.closest("figure")?.querySelector("[data-reading]");
  function read(point) { const p = panel(point); if (p) p.textContent = point.querySelector("title").textContent; }
  const pointOf = event => event.target.closest?.(".run-chart .point");
  document.addEventListener("pointerover", event => { const p = pointOf(event); if (p) read(p); });
  document.addEventListener("focusin", event => { const p = pointOf(event); if (p) read(p); });
  document.addEventListener("click", event => { const p = pointOf(event); if (p) { p.focus({ preventScroll: true }); read(p); } });
  document.addEventListener("keydown", event => {
    const point = pointOf(event);
    if (!point || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...point.parentNode.querySelectorAll(":scope > .point")];
    const at = all.indexOf(point);
    const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: all.length - 1, PageUp: at - 10, PageDown: at + 10 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    point.setAttribute("tabindex", "-1"); next.setAttribute("tabindex", "0"); next.focus();
  });

  // The logic model: what a node feeds, and what feeds it, stands out.
  function trace(node) {
    const model = document.querySelector("[data-model]");
    if (!model) return;
    const edges = [...model.querySelectorAll("[data-from]")], kept = new Set(), lit = new Set();
    if (node) {
      const walk = (id, from, to) => { if (kept.has(from + id)) return; kept.add(from + id); lit.add(id); for (const e of edges) if (e.dataset[from] === id) { e.classList.add("lit"); walk(e.dataset[to], from, to); } };
      for (const e of edges) e.classList.remove("lit");
      walk(node, "from", "to"); walk(node, "to", "from");
    }
    model.classList.toggle("tracing", Boolean(node));
    for (const e of model.querySelectorAll("[data-node]")) e.classList.toggle("lit", lit.has(e.dataset.node));
    if (!node) for (const e of edges) e.classList.remove("lit");
  }
  const chosen = () => document.querySelector("[data-model]")?.dataset.chosen || "";
  const nodeOf = event => event.target.closest?.("[data-model] [data-node]");
  document.addEventListener("pointerover", event => { const n = nodeOf(event); if (n) trace(n.dataset.node); else if (event.target.closest?.("[data-model]")) trace(chosen()); });
  document.addEventListener("focusin", event => { const n = nodeOf(event); if (n) trace(n.dataset.node); });
  document.addEventListener("focusout", event => { if (nodeOf(event)) trace(chosen()); });
  document.addEventListener("parts-taken", () => trace(chosen()));
  trace(chosen());

  // A sheet says how many levels are chosen, while they are not saved yet.
  document.addEventListener("change", event => {
    const form = event.target.closest?.("form.sheet"), out = document.querySelector("[data-progress]");
    if (!form || !out) return;
    const fields = form.querySelectorAll(".ballot"), chosen = form.querySelectorAll('.ballot input:checked:not([value="-"])');
    out.textContent = ": " + chosen.length + " of " + fields.length + " chosen, not saved yet";
  });

  // What was typed into a sheet is not lost by a wrong click: the browser asks first.
  let unsaved = false;
  document.addEventListener("input", event => { if (event.target.closest?.("form.sheet")) unsaved = true; });
  document.addEventListener("submit", event => { if (event.target.closest?.("form.sheet")) unsaved = false; });
  addEventListener("beforeunload", event => { if (unsaved) event.preventDefault(); });

  // Levels and answers: a digit chooses, and the next field has the focus; "-" is none.
  const chosenIn = field => field.querySelector("input:checked") || field.querySelector("input");
  document.addEventListener("keydown", event => {
    const field = event.target.closest?.(".ballot");
    if (!field || event.altKey || event.ctrlKey || event.metaKey || !/^[-0-9]$/.test(event.key)) return;
    const input = field.querySelector(`input[value="${event.key}"]`);
    if (!input) return;
    event.preventDefault();
    input.checked = true;
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
    const fields = [...field.closest("form").querySelectorAll(".ballot:not([disabled])")];
    const column = field.id.replace(/-\d+$/, "-"), below = fields.filter(f => f.id.startsWith(column));
    const next = below[below.indexOf(field) + 1] || (below.length > 1 && fields.find(f => f.id === column.replace(/(\d+)-$/, (_, n) => Number(n) + 1 + "-0")));
    (next ? chosenIn(next) : field.closest("form").querySelector("button[type=submit]")).focus();
  });

  if (document.getElementById("strip") && "EventSource" in window) { if (document.hidden) rest(); else listen(); }
})();
