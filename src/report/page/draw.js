// Drawing. Whatever is drawn leaves a place to hit behind: `hits`.

const canvases = Object.fromEntries(["axis", "lanes", "overview"].map(id => [id, document.getElementById(id)]));
let colours = {}, hits = [], ink = null, selected = null, hovered = null, matches = null;
const drawn = { commands: 0, packets: 0, caused: 0 };

function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = {};
  for (const name of ["back", "paper", "stripe", "ink", "dim", "line", "accent", "tint", "good", "bad", "busy", "mcu", "esp", "state",
    "link", "queue", "pin", "tcp", "tls", "udp", "dns", "dhcp", "arp", "icmp", "other", "on", "gap", "shade"]) {
    colours[name] = style.getPropertyValue("--" + name).trim();
  }
  colours.sans = "12px " + style.getPropertyValue("--sans");
  colours.mono = "12px " + style.getPropertyValue("--mono");
  colours.small = "11px " + style.getPropertyValue("--sans");
}

// A canvas of its element's width and this height, sharp on every screen.
function prepare(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.parentElement.clientWidth;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.textBaseline = "middle";
  return context;
}

let lanesHeight = 0, characterWidth = 7.3;

// How high the lanes are: what there is room for beyond the least is shared out, up to twice the least of each.
function layOut(room) {
  const least = lanes.reduce((sum, lane) => sum + lane.least, 8), shares = lanes.reduce((sum, lane) => sum + lane.share, 0);
  const each = Math.max(room - least, 0) / Math.max(shares, 1);
  for (const lane of lanes) lane.height = Math.floor(Math.min(lane.least + lane.share * each, lane.least * (lane.packets ? 2 : 1.6)));
  lanesHeight = lanes.reduce((sum, lane) => sum + lane.height, 8);
}

function draw() {
  const room = document.getElementById("scroll").clientHeight;
  layOut(room);
  const height = Math.max(lanesHeight, room);
  ink = prepare(canvases.lanes, height);
  axis.width = canvases.lanes.clientWidth - axis.start - 8;
  hits = [];
  Object.assign(drawn, { commands: 0, packets: 0, caused: 0 });
  ink.font = colours.mono;
  characterWidth = ink.measureText("0000000000").width / 10;
  const ticks = axis.ticks(118);
  const end = axis.start + axis.width;
  let y = 4;
  lanes.forEach((lane, i) => {
    lane.y = y;
    if (i % 2 && lane.paint !== paintTitle) { ink.fillStyle = colours.stripe; ink.fillRect(0, y, end + 8, lane.height); }
    y += lane.height;
  });
  drawGaps(lanesHeight);
  ink.fillStyle = colours.line;
  for (const tick of ticks) ink.fillRect(Math.round(tick.x), 0, 1, height);
  drawSelection(lanesHeight);
  ink.save();
  ink.beginPath();
  ink.rect(axis.start, 0, axis.width + 8, height);
  ink.clip();
  for (const lane of lanes) lane.paint(lane);
  drawCauses();
  drawFlags(lanesHeight);
  ink.restore();
  for (const lane of lanes) label(lane);
  if (axis.hover != null) { ink.fillStyle = colours.accent; ink.fillRect(Math.round(axis.hover), 0, 1, height); }
  drawAxis(ticks);
  drawOverview();
  const root = document.documentElement.dataset;
  root.commands = drawn.commands; root.packets = drawn.packets; root.caused = drawn.caused; root.state = "drawn";
}

function label(lane) {
  if (lane.paint === paintTitle) return;
  ink.font = colours.sans;
  ink.fillStyle = colours.ink;
  ink.textAlign = "right";
  const middle = lane.y + lane.height / 2;
  ink.fillText(lane.label, axis.start - 12, lane.note ? middle - 7 : middle, axis.start - 18);
  if (lane.note) {
    ink.font = colours.small;
    ink.fillStyle = colours.dim;
    ink.fillText(lane.note, axis.start - 12, middle + 7);
  }
  ink.textAlign = "left";
}

function paintTitle(lane) {
  ink.restore();
  ink.fillStyle = colours.back;
  ink.fillRect(0, lane.y, axis.start + axis.width + 8, lane.height);
  ink.font = "600 " + colours.sans;
  ink.fillStyle = colours.ink;
  ink.fillText(lane.title, 12, lane.y + lane.height / 2);
  ink.save();
  ink.beginPath();
  ink.rect(axis.start, 0, axis.width + 8, lanesHeight);
  ink.clip();
}

// Time that is squeezed: hatched, with its length where there is room.
function drawGaps(height) {
  if (!axis.squeezes) return;
  axis.gapLabels = [];
  for (const [from, to] of squeezed.gaps) {
    const [a, b] = [Math.max(axis.x(from), axis.start), Math.min(axis.x(to), axis.start + axis.width)];
    if (b - a < 3) continue;
    ink.fillStyle = colours.gap;
    ink.save();
    ink.beginPath();
    ink.rect(a, 0, b - a, height);
    ink.clip();
    ink.strokeStyle = colours.gap;
    ink.lineWidth = 1.5;
    ink.beginPath();
    for (let x = a - height - (a % 8); x < b; x += 8) { ink.moveTo(x, height); ink.lineTo(x + height, 0); }
    ink.stroke();
    ink.restore();
    axis.gapLabels.push({ from: a, to: b, label: span(to - from) });
  }
}

// What a command lasted, over all lanes.
function drawSelection(height) {
  if (!selected) return;
  const [from, to] = timesOf(selected), a = axis.x(from), b = axis.x(to);
  const left = Math.max(a, axis.start), right = Math.min(b, axis.start + axis.width);
  if (right < left) return;
  ink.fillStyle = colours.tint;
  ink.fillRect(left, 0, Math.max(right - left, 1), height);
}

// Changes from outside, through all lanes.
function drawFlags(height) {
  ink.strokeStyle = colours.bad;
  ink.lineWidth = 1;
  ink.setLineDash([4, 4]);
  ink.beginPath();
  let last = -9;
  for (const u of flags.at.u) {
    const x = Math.round(axis.pixel(u)) + .5;
    if (x >= axis.start && x <= axis.start + axis.width && x - last > 2) { ink.moveTo(x, 0); ink.lineTo(x, height); last = x; }
  }
  ink.stroke();
  ink.setLineDash([]);
}

// The first and the last of what is seen, with one more at either end.
function seen(places) {
  return [Math.max(lowerBound(places, axis.left) - 1, 0), Math.min(lowerBound(places, axis.right) + 1, places.length)];
}

const isOut = ref => matches && ref && !matches[ref.kind].has(ref.id);
const isSelected = ref => selected && ref && selected.kind === ref.kind && selected.id === ref.id;

// A text in so much room, cut where it does not fit.
function say(words, x, y, room, colour, mono = true) {
  const fits = Math.floor(room / characterWidth);
  if (fits < 2) return;
  ink.font = mono ? colours.mono : colours.sans;
  ink.fillStyle = colour;
  ink.fillText(words.length <= fits ? words : words.slice(0, fits - 1) + "\u2026", x, y);
}

function bar(x, y, width, height, colour) {
  ink.fillStyle = colour;
  ink.beginPath();
  ink.roundRect(x, y, width, height, Math.min(3, width / 2));
  ink.fill();
}

function paintSpans(lane) {
  const { list, from, to } = lane.spans, a = from.u, b = to.u;
  const y = lane.y + 3, height = lane.height - 6;
  let [i, end] = seen(a), pixel = -1e9;
  // One that began long ago may still last.
  while (i > 0 && b[i - 1] > axis.left) i--;
  for (; i < end; i++) {
    const x = Math.max(axis.pixel(a[i]), axis.start - 4), right = Math.min(axis.pixel(b[i]), axis.start + axis.width + 8);
    if (right < axis.start || right < pixel + .6) continue;
    const item = list[i], next = i + 1 < list.length ? axis.pixel(a[i + 1]) : axis.start + axis.width;
    const width = Math.max(right - x, 2), out = isOut(item.ref);
    ink.globalAlpha = out ? .2 : lane.faint ? .22 : item.data ? .75 : .9;
    bar(x, y, width, height, colours[isSelected(item.ref) ? "accent" : item.colour]);
    ink.globalAlpha = out ? .3 : 1;
    const inside = width > item.label.length * characterWidth + 10 || next - right < 24 && width > 40;
    if (inside) say(item.label, x + 5, lane.y + lane.height / 2, width - 8, lane.faint ? colours.ink : colours.on);
    else if (!lane.faint) say(item.label, right + 4, lane.y + lane.height / 2, next - right - 10, colours[item.colour]);
    ink.globalAlpha = 1;
    hits.push({ x0: x, x1: x + width, y0: lane.y, y1: lane.y + lane.height, ref: item.ref, what: item.what || item.label, from: item.from, to: item.to });
    pixel = right;
  }
}

function paintCommands(lane) {
  const [a, m, b] = [lane.from.u, lane.middle.u, lane.to.u], y = lane.y + 20, height = 15;
  let [i, end] = seen(a), free = -1e9, pixel = -1e9;
  while (i > 0 && b[i - 1] > axis.left) i--;
  for (; i < end; i++) {
    const command = lane.commands[i], ref = { kind: "cmd", id: command.id };
    const x = axis.pixel(a[i]), middle = axis.pixel(m[i]), right = axis.pixel(b[i]);
    if (right < axis.start || x > axis.start + axis.width) continue;
    drawn.commands++;
    if (right < pixel + .4 && !isSelected(ref)) continue;
    const out = isOut(ref), colour = colours[isSelected(ref) ? "accent" : OUTCOME_COLOURS[command.outcome]];
    ink.globalAlpha = out ? .12 : .4;
    bar(x, y, Math.max(right - x, 2), height, colour);
    ink.globalAlpha = out ? .25 : 1;
    bar(x, y, Math.max(middle - x, 2), height, colour);
    ink.globalAlpha = 1;
    hits.push({ x0: x, x1: Math.max(right, x + 2), y0: lane.y, y1: lane.y + lane.height, ref, from: command.since, to: command.answered });
    pixel = right;
  }
  // Their texts stand above, the selected one's first, each as far as the next one leaves room.
  [i, end] = seen(a);
  const chosen = selected && selected.kind === "cmd" ? lane.commands.findIndex(command => command.id === selected.id) : -1;
  let kept = null;
  const write = (i, limit) => {
    const command = lane.commands[i], ref = { kind: "cmd", id: command.id };
    const x = Math.max(axis.pixel(a[i]), axis.start + 2);
    let words = text(command.text), room = limit - x - 8;
    // The lane says that these are AT commands: what is behind it tells more.
    if (words.length * characterWidth > room) words = words.replace(/^AT\+/i, "");
    room = Math.min(room, words.length * characterWidth + 2);
    ink.globalAlpha = isOut(ref) ? .3 : 1;
    say(words, x, lane.y + 10, room, isSelected(ref) ? colours.accent : colours.ink);
    ink.globalAlpha = 1;
    return [x, x + Math.max(room, 0) + 6];
  };
  if (chosen >= i && chosen < end && axis.pixel(b[chosen]) >= axis.start) kept = write(chosen, axis.start + axis.width);
  for (; i < end; i++) {
    const x = Math.max(axis.pixel(a[i]), axis.start + 2);
    // Of one that began before, the rest must be worth a text.
    if (i === chosen || x < free || axis.pixel(b[i]) < axis.start + (axis.pixel(a[i]) < axis.start ? 90 : 0)) continue;
    if (kept && x > kept[0] - 10 && x < kept[1]) continue;
    // One of a crowd says nothing about the others.
    if (i + 1 < a.length && axis.pixel(a[i + 1]) - x < 5) continue;
    let next = axis.start + axis.width;
    for (let j = i + 1; j < end; j++) {
      const place = axis.pixel(a[j]);
      if (place > x + 30) { next = place; break; }
    }
    if (kept && x < kept[0]) next = Math.min(next, kept[0]);
    free = write(i, next)[1];
  }
}

function paintPackets(lane) {
  const places = lane.at.u, half = lane.height / 2, middle = lane.y + half;
  const [begin, end] = seen(places);
  ink.fillStyle = colours.line;
  ink.fillRect(axis.start, Math.round(middle), axis.width + 8, 1);
  ink.font = colours.small;
  const free = [-1e9, -1e9], last = [null, null];
  const nextOf = [[], []];
  for (let i = end - 1, next = [1e9, 1e9]; i >= begin && end - begin < 3000; i--) {
    const side = packets.inbound[lane.packets[i]];
    nextOf[side][i] = next[side];
    next[side] = axis.pixel(places[i]);
  }
  for (let i = begin; i < end; i++) {
    const id = lane.packets[i], ref = { kind: "packet", id }, side = packets.inbound[id], x = axis.pixel(places[i]);
    if (x < axis.start - 2 || x > axis.start + axis.width + 2) continue;
    drawn.packets++;
    const before = last[side];
    if (before && x - before.x < 1.2 && !isSelected(ref)) { before.hit.more++; continue; }
    const out = isOut(ref), lost = packets.fate[id] === 2, again = packets.fate[id] === 1;
    const colour = isSelected(ref) ? colours.accent : lost ? colours.bad : colours[protocolColour(text(packets.protocol[id]))];
    const length = (half - 12) * (.34 + .66 * Math.min(packets.bytes[id] / 1514, 1));
    const tip = side ? middle + 1 + length : middle - length;
    ink.globalAlpha = out ? .2 : 1;
    ink.fillStyle = colour;
    ink.fillRect(x - 1, side ? middle + 1 : tip, 2, length);
    ink.beginPath();
    if (lost) {
      ink.strokeStyle = colour;
      ink.lineWidth = 1.8;
      ink.moveTo(x - 3.5, tip - 3.5); ink.lineTo(x + 3.5, tip + 3.5); ink.moveTo(x + 3.5, tip - 3.5); ink.lineTo(x - 3.5, tip + 3.5);
      ink.stroke();
    } else {
      ink.arc(x, tip, again ? 3.5 : 2.6, 0, 7);
      ink.fill();
    }
    const room = Math.min((nextOf[side][i] ?? 0) - x, axis.start + axis.width - x) - 12, words = text(packets.protocol[id]) + " " + text(packets.info[id]);
    if (room > 28 && x > free[side]) say(words, x + 7, side ? Math.min(tip + 1, lane.y + lane.height - 8) : Math.max(tip, lane.y + 9), room, colour);
    ink.globalAlpha = 1;
    const hit = { x0: x - 2, x1: x + 2, y0: side ? middle : lane.y, y1: side ? lane.y + lane.height : middle, ref, more: 0, from: packets.t[id] };
    hits.push(hit);
    last[side] = { x, hit };
  }
}

// From a command that is selected to the packets that it caused.
function drawCauses() {
  if (!selected || selected.kind !== "cmd") return;
  const command = commands[selected.id];
  const from = lanes.find(lane => lane.commands && lane.module === command.module);
  const to = lanes.find(lane => lane.packets && lane.module === command.module);
  const caused = causedBy(command);
  drawn.caused = caused.length;
  if (!from || !to || !caused.length) return;
  const x = Math.min(Math.max(axis.x(command.sent), axis.start), axis.start + axis.width), y = from.y + 36;
  ink.strokeStyle = colours.accent;
  ink.lineWidth = 1.2;
  ink.globalAlpha = .55;
  ink.beginPath();
  let last = -9;
  for (const packet of caused) {
    const end = axis.x(packets.t[packet]);
    if (end < axis.start || end > axis.start + axis.width || end - last < 1) continue;
    last = end;
    const bend = (to.y - y) * .5;
    ink.moveTo(x, y);
    ink.bezierCurveTo(x, y + bend, end, to.y - bend, end, to.y + 4);
  }
  ink.stroke();
  ink.globalAlpha = 1;
}

function paintPin(lane) {
  const places = lane.at.u, [begin, end] = seen(places), high = lane.y + 6, low = lane.y + lane.height - 6;
  ink.strokeStyle = colours.pin;
  ink.fillStyle = colours.pin;
  ink.lineWidth = 1.5;
  ink.beginPath();
  for (let i = begin; i < end; i++) {
    const x = Math.max(axis.pixel(places[i]), axis.start - 4);
    const right = i + 1 < places.length ? axis.pixel(places[i + 1]) : axis.pixel(axis.end), y = lane.levels[i] ? high : low;
    if (i === begin) ink.moveTo(x, y); else ink.lineTo(x, y);
    ink.lineTo(right, y);
    const words = lane.label + " " + (lane.levels[i] ? "high" : "low");
    hits.push({ x0: x, x1: right, y0: lane.y, y1: lane.y + lane.height, what: words, from: lane.t[i] });
  }
  ink.stroke();
}

function paintQueue(lane) {
  const places = lane.at.u, [begin, end] = seen(places), floor = lane.y + lane.height - 4, room = lane.height - 8;
  // As high as the deepest that is seen: a peak elsewhere would press the rest flat.
  let most = 1;
  for (let i = begin; i < end; i++) most = Math.max(most, lane.depth[i]);
  lane.note = "up to " + most + " B";
  ink.fillStyle = colours.queue;
  // The deepest of each pixel: a peak is seen however short it was.
  let pixel = null, deepest = 0, depth = 0;
  const put = (from, to, deep) => {
    const height = deep / most * room;
    if (height > 0) ink.fillRect(from, floor - Math.max(height, 1), Math.max(to - from, 1), Math.max(height, 1));
  };
  for (let i = begin; i < end; i++) {
    const x = Math.max(Math.floor(axis.pixel(places[i])), axis.start - 1);
    if (pixel !== null && x > pixel) { put(pixel, pixel + 1, deepest); put(pixel + 1, x, depth); deepest = depth; }
    depth = lane.depth[i];
    deepest = Math.max(deepest, depth);
    pixel = x;
  }
  if (pixel !== null) { put(pixel, pixel + 1, deepest); put(pixel + 1, Math.max(axis.pixel(axis.end), pixel + 1), depth); }
  ink.fillStyle = colours.line;
  ink.fillRect(axis.start, floor, axis.width + 8, 1);
  hits.push({ x0: axis.start, x1: axis.start + axis.width, y0: lane.y, y1: lane.y + lane.height, queue: lane });
}

// Marks with their texts, in as many rows as there is room for.
function paintMarks(lane) {
  const { list, at } = lane.marks, places = at.u, [begin, end] = seen(places);
  const rows = Math.max(1, Math.floor((lane.height - 4) / 17)), free = new Array(rows).fill(-1e9);
  let pixel = -1e9;
  for (let i = begin; i < end; i++) {
    const x = axis.pixel(places[i]), item = list[i];
    if (x < axis.start - 300 || x > axis.start + axis.width) continue;
    if (x < pixel + .8 && !isSelected(item.ref)) continue;
    pixel = x;
    const out = isOut(item.ref), colour = colours[isSelected(item.ref) ? "accent" : item.colour];
    const row = free.findIndex(place => place <= x), y = lane.y + 10 + Math.max(row, 0) * 17;
    ink.globalAlpha = out ? .25 : row < 0 ? .6 : 1;
    ink.fillStyle = colour;
    ink.fillRect(Math.round(x) - 1, y - 7, 2, 14);
    if (row >= 0) {
      // A text may be as long as the row is free, but leaves room for the one that comes next but so many rows.
      const later = i + rows < places.length ? axis.pixel(places[i + rows]) : axis.start + axis.width;
      const want = item.label.length * characterWidth + 4;
      const room = Math.min(want, Math.max(later - x - 14, 44), axis.start + axis.width - x - 6);
      say(item.label, x + 5, y, room, colour);
      free[row] = x + room + 10;
    }
    ink.globalAlpha = 1;
    hits.push({ x0: x - 3, x1: x + 3, y0: lane.y, y1: lane.y + lane.height, ref: item.ref, what: item.label, from: item.t });
  }
}

function drawAxis(ticks) {
  const ctx = prepare(canvases.axis, 40);
  ctx.font = colours.sans;
  for (const tick of ticks) {
    ctx.fillStyle = colours.dim;
    ctx.fillRect(Math.round(tick.x), 4, 1, 36);
    ctx.fillStyle = colours.ink;
    ctx.fillText(tick.label, tick.x + 5, 12);
  }
  if (axis.squeezes) {
    ctx.font = colours.small;
    for (const { from, to, label } of axis.gapLabels || []) {
      const width = ctx.measureText(label).width;
      ctx.fillStyle = colours.gap;
      ctx.fillRect(from, 24, to - from, 15);
      if (to - from > width + 4) { ctx.fillStyle = colours.dim; ctx.fillText(label, (from + to - width) / 2, 32); }
    }
  }
  ctx.fillStyle = colours.paper;
  ctx.fillRect(0, 0, axis.start - 1, 39);
  ctx.font = colours.small;
  ctx.fillStyle = colours.dim;
  ctx.textAlign = "right";
  ctx.fillText("virtual time", axis.start - 12, 12);
  if (axis.squeezes) ctx.fillText("idle", axis.start - 12, 32);
  ctx.textAlign = "left";
}

// The whole run in one strip: how much happens when, and what of it is seen.
function drawOverview() {
  const ctx = prepare(canvases.overview, 46), width = axis.width, whole = axis.end;
  const put = (places, y, height, colour, from, to) => {
    const heap = new Uint32Array(Math.ceil(width) + 1);
    for (const u of places) heap[Math.max(0, Math.min(Math.floor(u / whole * width), heap.length - 1))]++;
    const most = Math.max(1, ...heap);
    ctx.fillStyle = colour;
    heap.forEach((n, x) => {
      if (n) { const high = 2 + (height - 2) * Math.log1p(n) / Math.log1p(most); ctx.fillRect(axis.start + x, y + height - high, 1, high); }
    });
  };
  for (const lane of lanes) {
    if (lane.commands) put(lane.from.u, 5, 16, colours.good);
    if (lane.packets) put(lane.at.u, 24, 16, colours.tcp);
  }
  put(flags.at.u, 0, 46, colours.bad);
  const [a, b] = [axis.left, axis.right].map(u => axis.start + Math.min(Math.max(u / whole, 0), 1) * width);
  ctx.fillStyle = colours.shade;
  ctx.fillRect(axis.start, 0, a - axis.start, 46);
  ctx.fillRect(b, 0, axis.start + width - b, 46);
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1.5;
  ctx.strokeRect(a + .5, 1, Math.max(b - a - 1, 2), 43);
  ctx.font = colours.small;
  ctx.fillStyle = colours.dim;
  ctx.textAlign = "right";
  ctx.fillText("commands", axis.start - 12, 14);
  ctx.fillText("packets", axis.start - 12, 33);
  ctx.textAlign = "left";
}
