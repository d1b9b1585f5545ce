// What is drawn below each other: the lanes, made once. Each says how high it is and how it is drawn (draw.js).

const lanes = [];

// `least` is its height in pixels; of what is left over each lane takes its share.
function lane(label, least, paint, more = {}) { lanes.push({ label, least, height: least, paint, share: 0, ...more }); }

// Things that last: their two ends as places, what they say, and how they look.
function spans(list) {
  return { list, from: placed(list.map(item => item.from)), to: placed(list.map(item => item.to)) };
}

// Things that happen at one time.
function marks(list) { return { list, at: placed(list.map(item => item.t)) }; }

const PROTOCOLS = {
  TCP: "tcp", TLS: "tls", UDP: "udp", DNS: "dns", mDNS: "dns", DHCP: "dhcp", ARP: "arp", NTP: "icmp", ICMP: "icmp",
  ICMPv6: "icmp", IGMP: "icmp",
};
const protocolColour = name => PROTOCOLS[name] || "other";
const OUTCOME_COLOURS = ["good", "bad", "busy", "other"];

data.modules.forEach((module, place) => {
  if (data.modules.length > 1) lane(module.name, 24, paintTitle, { title: module.name + " (" + module.profile + ")" });
  const states = module.states.text.map((words, i) => ({
    from: module.states.t[i], to: i + 1 < module.states.t.length ? module.states.t[i + 1] : data.end,
    label: text(words), colour: "state", what: text(words),
  }));
  lane("state", 24, paintSpans, { spans: spans(states), faint: true });
  lane("AT commands", 40, paintCommands, {
    commands: module.commands, module: place,
    from: placed(module.commands.map(c => c.since)), middle: placed(module.commands.map(c => c.sent)),
    to: placed(module.commands.map(c => c.answered)),
  });
  for (const [label, side] of [["MCU \u2192 module", 0], ["module \u2192 MCU", 3]]) {
    const said = [];
    module.uart.kind.forEach((kind, i) => {
      if (kind >= side && kind < side + 3) {
        said.push({
          from: module.uart.t[i] - module.uart.span[i], to: module.uart.t[i], label: text(module.uart.text[i]),
          colour: side ? "esp" : "mcu", ref: { kind: "line", id: module.uart.ids[i] }, data: kind % 3 === 2,
        });
      }
    });
    if (said.length) lane(label, 24, paintSpans, { spans: spans(said), module: place });
  }
  const rows = [...new Set(module.links.map(link => link.id))].sort();
  for (const id of rows) {
    const own = module.links.filter(link => link.id === id).map(link => ({
      from: link.from, to: link.to < 0 ? data.end : link.to,
      label: link.protocol + " " + link.peer + (link.accepted ? " (accepted)" : ""), colour: "link",
      what: "link " + id + " " + link.protocol + " " + link.peer + ", own port " + link.port +
        (link.accepted ? ", opened by the other end" : "") + "; " + link.how,
    }));
    lane("link " + id, 22, paintSpans, { spans: spans(own), module: place });
  }
  if (module.packets.length) {
    lane("packets", 60, paintPackets, { packets: module.packets, at: placed(module.packets.map(i => packets.t[i])), module: place, share: 3 });
  }
  for (const pin of module.pins) {
    const changes = [0, ...pin.t], levels = [pin.first, ...pin.level];
    lane(pin.name, 26, paintPin, { at: placed(changes), levels, t: changes });
  }
  for (const queue of module.queues) {
    lane(queue.name, 34, paintQueue, { at: placed(queue.t), depth: queue.depth, peak: queue.peak, t: queue.t, note: "bytes", share: 1 });
  }
  const happened = module.events.map(i => ({ t: events.t[i], label: text(events.word[i]) + " " + text(events.text[i]), colour: "state", ref: { kind: "event", id: i } }));
  if (happened.length) lane("events", 40, paintMarks, { marks: marks(happened), share: 2 });
  const logged = module.log.text.map((line, i) => ({ t: module.log.t[i], label: text(line), colour: "dim" }));
  if (logged.length) lane("log port", 40, paintMarks, { marks: marks(logged), share: 1 });
});

if (data.modules.length > 1 && hosts.length + changes.length + taps.length + printed.t.length) {
  lane("", 24, paintTitle, { title: "the world" });
}
if (taps.length) lane("network taps", 60, paintPackets, { packets: taps, at: placed(taps.map(i => packets.t[i])) });
if (hosts.length) {
  const happened = hosts.map(i => ({
    t: events.t[i], label: text(events.subject[i]) + " " + text(events.word[i]) + " " + text(events.text[i]), colour: "udp",
    ref: { kind: "event", id: i },
  }));
  lane("hosts", 40, paintMarks, { marks: marks(happened), share: 2 });
}
const flags = marks(changes.map(i => ({ t: events.t[i], label: text(events.text[i]), colour: "bad", ref: { kind: "event", id: i } })));
if (changes.length) lane("changes", 40, paintMarks, { marks: flags, share: 1 });
if (printed.t.length) {
  const said = printed.text.map((line, i) => ({ t: printed.t[i], label: text(line), colour: "ink", ref: { kind: "console", id: i } }));
  lane("console", 40, paintMarks, { marks: marks(said), share: 2 });
}
