// The panel: what there is as a list that can be searched, and what is selected in words.

const listElement = document.getElementById("list"), rowsElement = document.getElementById("rows");
const detailsElement = document.getElementById("details"), ROW = 24;

function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  // Texts are texts: nothing that was said in the run is taken for HTML.
  element.append(...children.filter(child => child != null));
  return element;
}

const several = data.modules.length > 1;
const ofModule = place => several && place >= 0 ? data.modules[place].name + " " : "";

// What is listed: how many there are, and of each its time, its words, what is looked through, its colour.
const TABS = {
  cmd: {
    title: "Commands", size: commands.length, time: i => commands[i].since,
    what: i => ofModule(commands[i].module) + text(commands[i].text),
    how: i => commands[i].outcome === 3 ? "no answer" : span(commands[i].answered - commands[i].sent),
    places: i => [commands[i].text, commands[i].answer], colour: i => OUTCOME_COLOURS[commands[i].outcome],
  },
  line: {
    title: "UART", size: lines.length, time: i => uartOf(i).t, what: i => ofModule(lines[i][0]) + (uartOf(i).kind < 3 ? "\u2192 " : "\u2190 ") + text(uartOf(i).text),
    how: i => uartOf(i).kind % 3 === 2 ? uartOf(i).bytes + " B" : "",
    places: i => [uartOf(i).text, uartOf(i).comment], colour: i => uartOf(i).kind < 3 ? "mcu" : "esp",
  },
  packet: {
    title: "Packets", size: packets.t.length, time: i => packets.t[i],
    what: i => (packets.inbound[i] ? "\u2190 " : "\u2192 ") + text(packets.protocol[i]) + " " + text(packets.info[i]) +
      (packets.ends[i] < 0 ? "" : "  " + text(packets.ends[i])),
    how: i => ["", "again", "lost"][packets.fate[i]],
    places: i => [packets.protocol[i], packets.info[i], packets.ends[i], packets.comment[i], packets.data[i]],
    colour: i => packets.fate[i] === 2 ? "bad" : protocolColour(text(packets.protocol[i])),
  },
  event: {
    title: "Events", size: events.t.length, time: i => events.t[i],
    what: i => text(events.subject[i]) + " " + text(events.word[i]) + " " + text(events.text[i]), how: () => "",
    places: i => [events.subject[i], events.word[i], events.text[i]],
    colour: i => text(events.word[i]) === "change" ? "bad" : events.module[i] < 0 ? "udp" : "state",
  },
  console: {
    title: "Console", size: printed.t.length, time: i => printed.t[i], what: i => text(printed.text[i]), how: () => "",
    places: i => [printed.text[i]], colour: () => "ink",
  },
};

function uartOf(id) {
  const [module, i] = lines[id], uart = data.modules[module].uart;
  return { t: uart.t[i], span: uart.span[i], kind: uart.kind[i], bytes: uart.bytes[i], text: uart.text[i], comment: uart.comment[i] };
}

let tab = "cmd", shown = [];

function makeTabs() {
  const bar = document.getElementById("tabs");
  bar.textContent = "";
  for (const [kind, { title, size }] of Object.entries(TABS)) {
    if (!size && kind !== "cmd") continue;
    const found = matches ? matches[kind].size : size;
    bar.append(el("button", {
      type: "button", role: "tab", "aria-selected": kind === tab, "data-tab": kind, onclick: () => { tab = kind; refill(); },
      title: matches ? found + " of " + size + " match the search" : "",
    }, title + " ", el("small", {}, String(found))));
  }
}

// What of the list is to be seen, and its rows.
function refill() {
  const { size } = TABS[tab];
  shown = matches ? [...matches[tab]] : null;
  rowsElement.style.height = (shown ? shown.length : size) * ROW + "px";
  makeTabs();
  fillRows();
}

function fillRows() {
  const entry = TABS[tab], total = shown ? shown.length : entry.size;
  rowsElement.textContent = "";
  if (!total) rowsElement.append(el("p", { class: "nothing" }, matches ? "Nothing here matches the search." : "There is none in this run."));
  const from = Math.max(Math.floor(listElement.scrollTop / ROW) - 4, 0);
  const to = Math.min(from + Math.ceil(listElement.clientHeight / ROW) + 8, total);
  for (let place = from; place < to; place++) {
    const id = shown ? shown[place] : place, ref = { kind: tab, id };
    const row = el("div", { class: "row", role: "option", id: "row-" + tab + "-" + id, "aria-selected": !!isSelected(ref), onclick: () => select(ref, true) },
      el("span", { class: "when" }, seconds(entry.time(id), 6)), el("span", { class: "dot" }), el("span", { class: "what" }, entry.what(id)),
      el("span", { class: "how" }, entry.how(id)));
    row.style.top = place * ROW + "px";
    row.children[1].style.background = "var(--" + entry.colour(id) + ")";
    rowsElement.append(row);
  }
  if (selected && selected.kind === tab) listElement.setAttribute("aria-activedescendant", "row-" + tab + "-" + selected.id);
}

// Scrolls the list to what is selected.
function reveal() {
  if (!selected || selected.kind !== tab) return;
  const place = shown ? shown.indexOf(selected.id) : selected.id;
  if (place < 0) return;
  const top = place * ROW, room = listElement.clientHeight;
  if (top < listElement.scrollTop || top + ROW > listElement.scrollTop + room) listElement.scrollTop = top - room / 2 + ROW;
}

// Looks for a text: which entries of each kind have it; null: everything.
const small = [];
function search(words) {
  words = words.trim().toLowerCase();
  if (!words) { matches = null; return; }
  if (!small.length) data.strings.forEach(string => small.push(string.toLowerCase()));
  const has = small.map(string => string.includes(words));
  matches = {};
  for (const [kind, { size, places }] of Object.entries(TABS)) {
    matches[kind] = new Set();
    for (let i = 0; i < size; i++) if (places(i).some(place => place >= 0 && has[place])) matches[kind].add(i);
  }
}

// From when to when something was.
function timesOf({ kind, id }) {
  if (kind === "cmd") return [commands[id].since, commands[id].answered];
  if (kind === "line") return [uartOf(id).t - uartOf(id).span, uartOf(id).t];
  const t = TABS[kind].time(id);
  return [t, t];
}

function table(rows) {
  return el("table", {}, ...rows.filter(([, value]) => value !== "" && value != null)
    .map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value))));
}

function go(ref, words, colour, attributes = {}) {
  const entry = TABS[ref.kind];
  const button = el("button", { class: "go", type: "button", onclick: () => select(ref, true), ...attributes },
    el("span", { class: "when" }, seconds(entry.time(ref.id), 6).replace("\u00a0s", "")), el("span", { class: "dot" }), el("span", { class: "what" }, words));
  button.children[1].style.background = "var(--" + colour + ")";
  return button;
}

function details() {
  detailsElement.textContent = "";
  if (!selected) {
    detailsElement.append(el("h3", {}, "Nothing is selected"), el("p", {}, "Click something in the timeline or in the list. A command shows the packets that it caused."),
      el("p", { class: "rule" }, "Wheel: zoom. Drag: move. Press ? for all keys."));
    return;
  }
  ({ cmd: commandDetails, line: lineDetails, packet: packetDetails, event: eventDetails, console: consoleDetails })[selected.kind](selected.id);
  detailsElement.scrollTop = 0;
}

function commandDetails(id) {
  const command = commands[id], module = data.modules[command.module], caused = causedBy(command);
  const outcome = OUTCOMES[command.outcome];
  detailsElement.append(el("h2", {}, text(command.text)), table([
    ["module", several ? module.name : ""],
    ["answer", command.outcome === 3 ? el("span", { class: "failed" }, "none") : el("span", { class: outcome }, text(command.answer))],
    ["sent", seconds(command.sent)],
    ["answered", command.outcome === 3 ? "" : seconds(command.answered) + " (after " + span(command.answered - command.sent) + ")"],
    ["link", command.link < 0 ? "" : String(command.link)],
  ]));
  detailsElement.append(el("h3", {}, "Packets that it caused (" + caused.length + ")"));
  for (const packet of caused.slice(0, 300)) {
    detailsElement.append(go({ kind: "packet", id: packet }, TABS.packet.what(packet), TABS.packet.colour(packet), { "data-packet": packet }));
  }
  if (caused.length > 300) detailsElement.append(el("p", { class: "rule" }, "and " + (caused.length - 300) + " more"));
  if (!caused.length) detailsElement.append(el("p", { class: "rule" }, "None passed the module's radio before the answer."));
  const said = dialogueOf(command);
  detailsElement.append(el("h3", {}, "On the UART"));
  for (const i of said.slice(0, 200)) {
    const ref = { kind: "line", id: module.uart.ids[i] };
    detailsElement.append(go(ref, TABS.line.what(ref.id), TABS.line.colour(ref.id)));
  }
  if (said.length > 200) detailsElement.append(el("p", { class: "rule" }, "and " + (said.length - 200) + " more"));
  detailsElement.append(el("h3", {}, "The rule"), el("p", { class: "rule" }, RULE));
}

function lineDetails(id) {
  const line = uartOf(id), fromMcu = line.kind < 3;
  detailsElement.append(el("h2", {}, text(line.text) || "(empty line)"), table([
    ["module", several ? data.modules[lines[id][0]].name : ""],
    ["what", KINDS[line.kind % 3] + (fromMcu ? " of the MCU" : " of the module") + ", " + count(line.bytes, "byte")],
    ["first byte ended", seconds(line.t - line.span)], ["last byte ended", seconds(line.t)], ["remark", text(line.comment)],
  ]));
  const command = commands.find(c => c.module === lines[id][0] && c.since <= line.t && line.t <= c.answered);
  if (command) detailsElement.append(el("h3", {}, "While this command was at work"), go({ kind: "cmd", id: command.id }, text(command.text), OUTCOME_COLOURS[command.outcome]));
}

function packetDetails(id) {
  const module = data.modules[packets.module[id]], link = module && module.links[packets.link[id]];
  detailsElement.append(el("h2", {}, text(packets.protocol[id]) + " " + text(packets.info[id])), table([
    ["time", seconds(packets.t[id])], ["from, to", text(packets.ends[id])],
    ["where", text(packets.at[id]) + (packets.inbound[id] ? ", towards it" : ", from it")],
    ["length", count(packets.bytes[id], "byte")],
    ["link", link ? link.id + " " + link.protocol + " " + link.peer : ""],
    ["fate", packets.fate[id] === 1 ? "sent again" : ""], ["remark", text(packets.comment[id])], ["data", text(packets.data[id])],
  ]));
  const cause = causeOf(id);
  if (cause) detailsElement.append(el("h3", {}, "Caused by"), go({ kind: "cmd", id: cause.id }, text(cause.text), OUTCOME_COLOURS[cause.outcome]), el("p", { class: "rule" }, RULE));
}

function eventDetails(id) {
  detailsElement.append(el("h2", {}, text(events.text[id])), table([
    ["time", seconds(events.t[id])], ["of", text(events.subject[id])], ["what", text(events.word[id])],
  ]));
}

function consoleDetails(id) {
  detailsElement.append(el("h2", {}, text(printed.text[id])), table([["time", seconds(printed.t[id], 6)], ["what", "the firmware printed it"]]));
}
