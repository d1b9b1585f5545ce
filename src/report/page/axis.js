// The axis: from virtual time to places on it, and from those to pixels.
//
// Places are nanoseconds, too, but idle time may take fewer of them: `squeezed` is a line of straight pieces between knots.

const IDLE = 6e6;

const squeezed = (() => {
  const busy = [];
  const add = (from, to) => busy.push([from, to]);
  for (const module of data.modules) {
    const uart = module.uart;
    for (let i = 0; i < uart.t.length; i++) add(uart.t[i] - uart.span[i], uart.t[i]);
    for (const t of module.states.t) add(t, t);
    for (const pin of module.pins) for (const t of pin.t) add(t, t);
  }
  for (const t of packets.t) add(t, t);
  for (const t of events.t) add(t, t);
  for (const t of printed.t) add(t, t);
  add(data.end, data.end);
  busy.sort((a, b) => a[0] - b[0]);
  const knots = { t: [0], u: [0] }, gaps = [];
  let reached = 0, place = 0;
  for (const [from, to] of busy) {
    const gap = from - reached;
    if (gap > IDLE) {
      // The knots before and behind the gap; between gaps a nanosecond is a nanosecond.
      const last = knots.t.length - 1;
      if (knots.t[last] < reached) { place += reached - knots.t[last]; knots.t.push(reached); knots.u.push(place); }
      place += IDLE * (1 + Math.log2(gap / IDLE) / 3);
      knots.t.push(from); knots.u.push(place);
      gaps.push([reached, from]);
    }
    reached = Math.max(reached, to);
  }
  const last = knots.t.length - 1;
  place += data.end - knots.t[last];
  knots.t.push(Math.max(data.end, knots.t[last] + 1)); knots.u.push(Math.max(place, knots.u[last] + 1));
  return { t: Float64Array.from(knots.t), u: Float64Array.from(knots.u), gaps };
})();

// The value between knots.
function between(from, to, value) {
  let i = lowerBound(from, value);
  i = Math.min(Math.max(i, 1), from.length - 1);
  return to[i - 1] + (value - from[i - 1]) / (from[i] - from[i - 1]) * (to[i] - to[i - 1]);
}

const axis = {
  squeezes: true,
  // What is seen: places at the left and the right edge.
  left: 0, right: 1,
  // Pixels: where the lanes begin, and how wide they are.
  start: 128, width: 800,

  place(t) { return this.squeezes ? between(squeezed.t, squeezed.u, t) : t; },
  time(u) { return this.squeezes ? between(squeezed.u, squeezed.t, u) : u; },
  get end() { return this.place(Math.max(data.end, 1)); },
  get scale() { return this.width / (this.right - this.left); },
  // The pixel of a place, and of a time.
  pixel(u) { return this.start + (u - this.left) * this.scale; },
  x(t) { return this.pixel(this.place(t)); },
  at(x) { return this.time(this.left + (x - this.start) / this.scale); },

  show(left, right) {
    const least = 200, whole = this.end, margin = whole * .02;
    const width = Math.min(Math.max(right - left, least), whole + 2 * margin);
    left = Math.min(Math.max(left, -margin), whole + margin - width);
    this.left = left;
    this.right = left + width;
  },
  all() { this.show(-Infinity, Infinity); this.show(-this.end * .02, this.end * 1.02); },
  zoom(factor, x = this.start + this.width / 2) {
    const fixed = this.left + (x - this.start) / this.scale;
    this.show(fixed - (fixed - this.left) * factor, fixed + (this.right - fixed) * factor);
  },
  pan(pixels) {
    const by = pixels / this.scale;
    this.show(this.left + by, this.right + by);
  },
  // Shows a stretch of time with something around it.
  showTimes(from, to, share = .4) {
    const [a, b] = [this.place(from), this.place(to)], room = Math.max((b - a) / share, 40e3);
    const middle = (a + b) / 2;
    this.show(middle - room / 2, middle + room / 2);
  },
  squeeze(on) {
    const [from, to] = [this.time(this.left), this.time(this.right)];
    this.squeezes = on;
    this.show(this.place(from), this.place(to));
  },

  // Where labels of the axis stand, with as many digits as their distance needs.
  ticks(least) {
    const found = [];
    let after = this.start;
    const end = this.start + this.width;
    for (let x = this.start; x < end; x += 12) {
      if (x < after) continue;
      const [t, next] = [this.at(x), this.at(x + least)];
      const step = nice((next - t) * .7);
      const tick = Math.max(Math.ceil(t / step) * step, 0), place = this.x(tick);
      if (place < after || place > end || tick > data.end) continue;
      const digits = step >= 1e9 ? 0 : Math.min(9, Math.ceil(9 - Math.log10(step) - 1e-9));
      found.push({ x: place, label: seconds(tick, digits) });
      after = place + least;
    }
    return found;
  },
};

// 1, 2 or 5 times a power of ten, not below `value`.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return power * ([1, 2, 5].find(n => n * power >= value - 1e-9) || 10);
}

// The places of times, for both ways of the axis: what is drawn again and again does not look for knots each time.
function placed(t) {
  const array = Float64Array.from(t);
  let narrow = null;
  return {
    t: array,
    get u() { return axis.squeezes ? narrow ||= array.map(time => between(squeezed.t, squeezed.u, time)) : array; },
  };
}
