// What the mouse, the keys and the address do.

const stage = document.getElementById("stage"), tip = document.getElementById("tip"), searchBox = document.getElementById("search");
const squeezeBox = document.getElementById("squeeze"), help = document.getElementById("help"), canvas = canvases.lanes;

let waits = false;
function redraw() {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => { waits = false; draw(); });
}

// Selects something; with `show` it is brought into view.
function select(ref, show) {
  selected = ref;
  if (ref) {
    if (tab !== ref.kind && TABS[ref.kind].size) { tab = ref.kind; refill(); }
    const [from, to] = timesOf(ref);
    if (show && (axis.x(to) < axis.start + 20 || axis.x(from) > axis.start + axis.width - 20 || axis.x(to) - axis.x(from) > axis.width)) {
      const [a, b] = [axis.place(from), axis.place(to)], width = Math.max(axis.right - axis.left, (b - a) * 1.2);
      axis.show((a + b - width) / 2, (a + b + width) / 2);
    }
    document.documentElement.dataset.selected = ref.kind + "=" + ref.id;
  } else delete document.documentElement.dataset.selected;
  reveal();
  fillRows();
  details();
  writeAddress();
  redraw();
}

// The address names what is seen, so that it can be given to somebody else: #cmd=3, #packet=12, #q=CIPSEND, #t=FROM,TO (ns).
function writeAddress() {
  const parts = [];
  if (selected) parts.push(selected.kind + "=" + selected.id);
  if (searchBox.value.trim()) parts.push("q=" + encodeURIComponent(searchBox.value.trim()));
  try { history.replaceState(null, "", parts.length ? "#" + parts.join("&") : location.pathname + location.search); } catch { /* some viewers have no history */ }
}

function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  if (parts.has("q")) { searchBox.value = parts.get("q"); search(searchBox.value); refill(); }
  const view = (parts.get("t") || "").split(",").map(Number);
  if (view.length === 2 && view.every(Number.isFinite) && view[0] < view[1]) axis.show(axis.place(view[0]), axis.place(view[1]));
  for (const kind of Object.keys(TABS)) {
    const id = Number(parts.get(kind));
    if (parts.has(kind) && Number.isInteger(id) && id >= 0 && id < TABS[kind].size) {
      if (view.length !== 2) { const [from, to] = timesOf({ kind, id }); axis.showTimes(from, to, .35); }
      return select({ kind, id }, true);
    }
  }
}

function hit(x, y) {
  let best = null, distance = 7;
  for (let i = hits.length - 1; i >= 0; i--) {
    const h = hits[i];
    if (y < h.y0 || y >= h.y1) continue;
    const away = x < h.x0 ? h.x0 - x : x > h.x1 ? x - h.x1 : 0;
    if (away < distance || best && best.queue && away <= distance) { best = h; distance = away; }
  }
  return best;
}

function showTip(event, h) {
  tip.hidden = !h;
  if (!h) return;
  const entry = h.ref && TABS[h.ref.kind];
  tip.textContent = "";
  if (h.queue) {
    const queue = h.queue, i = lowerBound(queue.t, axis.at(event.offsetX) + 1) - 1;
    tip.append(el("div", { class: "what" }, queue.label + ": " + count(i < 0 ? 0 : queue.depth[i], "byte")), el("div", { class: "when" }, "at most " + count(queue.peak, "byte") + " in the run"));
  } else {
    tip.append(el("div", { class: "what" }, h.what || entry.what(h.ref.id)));
    if (h.from != null) tip.append(el("div", { class: "when" }, seconds(h.from) + (h.to > h.from ? ", for " + span(h.to - h.from) : "")));
    if (h.more) tip.append(el("div", { class: "when" }, "and " + h.more + " more here: zoom in"));
  }
  const box = stage.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  tip.style.left = Math.max(4, Math.min(x + 14, box.width - tip.offsetWidth - 8)) + "px";
  tip.style.top = (y + 18 + tip.offsetHeight > box.height ? y - tip.offsetHeight - 12 : y + 18) + "px";
}

// The mouse: drag moves, the wheel zooms, a click selects.
let drag = null;
canvas.addEventListener("pointerdown", event => {
  if (event.button) return;
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  drag = { x: event.clientX, y: event.clientY, moved: false };
});
canvas.addEventListener("pointermove", event => {
  if (drag) {
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.moved ||= Math.abs(dx) + Math.abs(dy) > 3;
    if (drag.moved) {
      canvas.classList.add("drags");
      tip.hidden = true;
      axis.pan(-dx);
      document.getElementById("scroll").scrollTop -= dy;
      [drag.x, drag.y] = [event.clientX, event.clientY];
      redraw();
    }
    return;
  }
  axis.hover = event.offsetX >= axis.start ? event.offsetX : null;
  document.getElementById("pointer").textContent = axis.hover == null ? "" : seconds(Math.round(Math.max(axis.at(event.offsetX), 0)));
  showTip(event, axis.hover == null ? null : hit(event.offsetX, event.offsetY));
  redraw();
});
canvas.addEventListener("pointerup", event => {
  if (drag && !drag.moved) {
    const h = hit(event.offsetX, event.offsetY);
    select(h && h.ref || null, false);
  }
  drag = null;
  canvas.classList.remove("drags");
});
canvas.addEventListener("pointerleave", () => { axis.hover = null; tip.hidden = true; document.getElementById("pointer").textContent = ""; redraw(); });
canvas.addEventListener("dblclick", () => act("one"));
for (const target of [canvas, canvases.axis, canvases.overview]) {
  target.addEventListener("wheel", event => {
    event.preventDefault();
    tip.hidden = true;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) axis.pan(event.deltaX || event.deltaY);
    else axis.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY)) * .003), event.offsetX);
    redraw();
  }, { passive: false });
}

// The overview: an edge of what is seen can be taken, the middle too, and elsewhere a new stretch begins.
let grip = null;
const overviewPlace = event => (event.offsetX - axis.start) / axis.width * axis.end;
canvases.overview.addEventListener("pointerdown", event => {
  if (event.isTrusted) canvases.overview.setPointerCapture(event.pointerId);
  const x = event.offsetX, pixel = u => axis.start + u / axis.end * axis.width, [a, b] = [pixel(axis.left), pixel(axis.right)];
  const place = overviewPlace(event);
  if (Math.abs(x - a) < 6) grip = { fixed: axis.right };
  else if (Math.abs(x - b) < 6) grip = { fixed: axis.left };
  else if (x > a && x < b) grip = { move: place - axis.left, width: axis.right - axis.left };
  else grip = { fixed: place };
});
canvases.overview.addEventListener("pointermove", event => {
  if (!grip) return;
  const place = overviewPlace(event);
  if (grip.width) axis.show(place - grip.move, place - grip.move + grip.width);
  else if (Math.abs(place - grip.fixed) > axis.end / axis.width) axis.show(Math.min(place, grip.fixed), Math.max(place, grip.fixed));
  redraw();
});
canvases.overview.addEventListener("pointerup", () => { grip = null; });

function act(what) {
  if (what === "in") axis.zoom(1 / 1.6);
  if (what === "out") axis.zoom(1.6);
  if (what === "all") axis.all();
  if (what === "one" && selected) axis.showTimes(...timesOf(selected));
  redraw();
}
for (const button of document.querySelectorAll("#tools button")) button.addEventListener("click", () => act(button.dataset.do));
squeezeBox.addEventListener("change", () => { axis.squeeze(squeezeBox.checked); redraw(); });

// The next or the one before of what is listed.
function step(by) {
  const total = shown ? shown.length : TABS[tab].size;
  if (!total) return;
  let place = selected && selected.kind === tab ? (shown ? shown.indexOf(selected.id) : selected.id) + by : by > 0 ? 0 : total - 1;
  place = Math.max(0, Math.min(total - 1, place));
  select({ kind: tab, id: shown ? shown[place] : place }, true);
}

const KEYS = [
  ["\u2190 \u2192", "move the view", event => event.key === "ArrowLeft" ? axis.pan(-axis.width / 6) : axis.pan(axis.width / 6), ["ArrowLeft", "ArrowRight"]],
  ["+ -", "zoom", event => act(event.key === "-" ? "out" : "in"), ["+", "=", "-"]],
  ["0", "the whole run", () => act("all"), ["0", "Home"]],
  ["f", "zoom to what is selected", () => act("one"), ["f", "Enter"]],
  ["\u2191 \u2193", "the one before, the next one of the list", event => step(event.key === "ArrowUp" ? -1 : 1), ["ArrowUp", "ArrowDown", "k", "j"]],
  ["1 \u2026 5", "what is listed", event => document.querySelectorAll("#tabs button")[event.key - 1]?.click(), ["1", "2", "3", "4", "5"]],
  ["/", "search", () => searchBox.focus(), ["/"]],
  ["z", "squeeze idle time, or not", () => squeezeBox.click(), ["z"]],
  ["Esc", "end the search, select nothing", () => { searchBox.value = ""; search(""); refill(); select(null); }, ["Escape"]],
  ["?", "this help", () => help.showModal(), ["?"]],
];
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.target === searchBox && !["Escape", "ArrowDown"].includes(event.key)) return;
  if (event.target.tagName === "BUTTON" && event.key === "Enter") return;
  const key = KEYS.find(([, , , keys]) => keys.includes(event.key));
  if (!key) return;
  event.preventDefault();
  if (event.target === searchBox) searchBox.blur();
  key[2](event);
  redraw();
});
searchBox.addEventListener("input", () => {
  search(searchBox.value);
  // Where nothing is found, another list may have it.
  if (matches && !matches[tab].size) tab = Object.keys(TABS).find(kind => matches[kind].size) || tab;
  listElement.scrollTop = 0;
  refill();
  writeAddress();
  redraw();
});
listElement.addEventListener("scroll", fillRows);
document.getElementById("ask").addEventListener("click", () => help.showModal());
window.addEventListener("hashchange", readAddress);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
new ResizeObserver(() => { redraw(); fillRows(); }).observe(stage);

// What is seen first: everything, if a command then has room for its text, otherwise the beginning.
function begin() {
  axis.width = canvas.parentElement.clientWidth - axis.start - 8;
  axis.all();
  const inView = Math.max(Math.floor(axis.width / 85), 4);
  if (commands.length > inView) {
    const last = commands[inView - 1], margin = axis.place(last.answered) * .02;
    axis.show(-margin, axis.place(last.answered) + margin);
  }
}

function header() {
  document.getElementById("title").textContent = data.source;
  // A list's times stand below each other, however long the run was.
  document.documentElement.style.setProperty("--when", seconds(data.end, 6).length + ".5ch");
  const same = { true: ["good", "\u2713 the log's"], false: ["bad", "\u2717 not the log's"], null: ["", "the log has none"] }[String(data.same)];
  const facts = [
    [seconds(data.end, 6), "virtual"], [String(data.seed), "seed"], [count(commands.length, "command"), ""], [count(packets.t.length, "packet"), ""],
    [data.digest, "digest, " + same[1], same[0]],
  ];
  document.getElementById("facts").append(...facts.map(([value, name, look]) => el("li", { class: look || "" }, el("b", {}, value), name ? " " + name : "")));
  const notes = [...data.left_out, ...data.warnings];
  const element = document.getElementById("notes");
  element.hidden = !notes.length;
  element.textContent = "\u26a0 " + (notes.length === 1 ? notes[0] : count(notes.length, "warning"));
  element.title = notes.join("\n");
  document.getElementById("keys").append(...KEYS.flatMap(([keys, what]) => [el("dt", {}, ...keys.split(" ").flatMap(key => [el("kbd", {}, key), " "])), el("dd", {}, what)]));
  document.getElementById("rule").textContent = RULE;
  canvas.setAttribute("aria-label", "Timeline of " + count(commands.length, "command") + " and " + count(packets.t.length, "packet") +
    " in " + seconds(data.end, 3) + ". Arrow keys move it, plus and minus zoom, up and down select in the list.");
}

squeezeBox.checked = axis.squeezes;
readColours();
header();
begin();
refill();
details();
readAddress();
draw();
