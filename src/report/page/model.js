"use strict";
// The data, as the rest of the script works with it. Times are numbers: nanoseconds of virtual time.

// What goes wrong is seen in the page, and by a test.
window.addEventListener("error", event => {
  document.documentElement.dataset.error = event.message;
  const line = document.createElement("p");
  line.id = "broken";
  line.textContent = "This page does not work here: " + event.message;
  document.body.prepend(line);
});

const data = JSON.parse(document.getElementById("data").textContent);

// Differences to times.
function times(differences) {
  const all = new Float64Array(differences.length);
  let time = 0;
  for (let i = 0; i < all.length; i++) all[i] = time += differences[i];
  return all;
}

const text = place => place < 0 ? "" : data.strings[place];

// The first of sorted numbers that is not below `value`.
function lowerBound(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

const OUTCOMES = ["done", "failed", "busy", "unanswered"];
const KINDS = ["line", "prompt", "data"];

const packets = data.packets;
packets.t = times(packets.t);
const events = data.events;
events.t = times(events.t);
const printed = data.console;
printed.t = times(printed.t);

// Commands of all modules, in the order of time.
const commands = [];
data.modules.forEach((module, place) => {
  const column = module.commands, t = times(column.t);
  for (let i = 0; i < t.length; i++) {
    const sent = t[i] + column.line[i];
    commands.push({
      module: place, since: t[i], sent, answered: sent + column.wait[i], text: column.text[i],
      answer: column.answer[i], outcome: column.outcome[i], link: column.link[i],
    });
  }
});
commands.sort((a, b) => a.since - b.since || a.module - b.module);
commands.forEach((command, id) => { command.id = id; });

// Lines and blocks on the UARTs, all in one order, too: [module, place there].
const lines = [];
data.modules.forEach((module, place) => {
  module.uart.t = times(module.uart.t);
  module.states.t = times(module.states.t);
  module.log.t = times(module.log.t);
  for (const series of [...module.pins, ...module.queues]) series.t = times(series.t);
  for (let i = 0; i < module.uart.t.length; i++) lines.push([place, i]);
  module.commands = commands.filter(command => command.module === place);
  module.packets = [];
  module.events = [];
});
lines.sort((a, b) => data.modules[a[0]].uart.t[a[1]] - data.modules[b[0]].uart.t[b[1]]);
lines.forEach(([module, i], id) => { (data.modules[module].uart.ids ||= [])[i] = id; });

const taps = [], hosts = [], changes = [];
for (let i = 0; i < packets.t.length; i++) {
  (packets.module[i] < 0 ? taps : data.modules[packets.module[i]].packets).push(i);
}
for (let i = 0; i < events.t.length; i++) {
  if (text(events.word[i]) === "change") changes.push(i);
  else (events.module[i] < 0 ? hosts : data.modules[events.module[i]].events).push(i);
}

const RULE = "A command caused the packets at its module's radio between the end of its line and the end of its answer, but " +
  "for those of links that are not its own: a link that was open before it and is open after it counts only when the command " +
  "names it (or, with one link only, is about it), and so does one that a client has opened to the module's server. " +
  "What a server sends later of its own accord is nobody's.";

// The packets that a command caused: see RULE.
function causedBy(command) {
  const module = data.modules[command.module], found = [];
  for (const packet of module.packets.slice(...window_(module, command))) {
    const link = module.links[packets.link[packet]];
    const own = !link || link.id === command.link ||
      !(link.accepted || link.from <= command.sent && (link.to < 0 || link.to > command.answered));
    if (own) found.push(packet);
  }
  return found;
}

// Which of a module's packets passed while a command was at work.
function window_(module, command) {
  module.packetTimes ||= Float64Array.from(module.packets, i => packets.t[i]);
  const from = lowerBound(module.packetTimes, command.sent);
  let to = lowerBound(module.packetTimes, command.answered);
  while (to < module.packetTimes.length && module.packetTimes[to] === command.answered) to++;
  return [from, to];
}

// The command that caused a packet, if one did.
function causeOf(packet) {
  const module = data.modules[packets.module[packet]];
  if (!module) return null;
  return module.commands.find(c => c.sent <= packets.t[packet] && packets.t[packet] <= c.answered && causedBy(c).includes(packet)) || null;
}

// What was said on the UART from the beginning of a command to the end of its answer.
function dialogueOf(command) {
  const uart = data.modules[command.module].uart, found = [];
  for (let i = lowerBound(uart.t, command.sent); i < uart.t.length && uart.t[i] <= command.answered; i++) found.push(i);
  return found;
}

// A time in seconds, with so many digits behind the point; grouped by thousands.
function seconds(ns, digits = 9) {
  const sign = ns < 0 ? "-" : "", whole = Math.floor(Math.abs(ns) / 1e9);
  const rest = String(Math.round(Math.abs(ns) - whole * 1e9)).padStart(9, "0").slice(0, digits);
  return sign + whole + (digits > 0 ? "." + rest.replace(/(\d{3})(?=\d)/g, "$1\u2009") : "") + "\u00a0s";
}

// A span, in the unit that suits it.
function span(ns) {
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];
  const [unit, name] = units.find(([unit]) => ns >= unit) || units[3];
  return String(+(ns / unit).toPrecision(4)) + "\u00a0" + name;
}

const count = (n, one, many) => n + "\u00a0" + (n === 1 ? one : many || one + "s");
