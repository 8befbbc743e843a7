// Web Mercator, encoded lines and calendar days. Nothing here draws.

/** @import { Box, Frame, Line, Point, Points } from './types.d.ts' */

export const TILE_PX = 256;

export const Mercator = {
  // Longitude and latitude in degrees to the unit square, y downwards.
  /** @param {number} lon */
  x: (lon) => lon / 360 + 0.5,
  /** @param {number} lat */
  y(lat) {
    const clamped = Math.max(-85.0511287798066, Math.min(85.0511287798066, lat));
    return 0.5 - Math.log(Math.tan(Math.PI / 4 + (clamped * Math.PI) / 360)) / (2 * Math.PI);
  },
  /** @param {number} x */
  lon: (x) => (x - 0.5) * 360,
  /** @param {number} y */
  lat: (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90,
};

// A zoom as that of the 1080-line reference: the same ground, whatever the size of the picture. The same to the last digit
// wherever it is asked.
/** @param {number} zoom @param {number} u */
export const referenceZoom = (zoom, u) => zoom - Math.log2(u);

// An encoded polyline (latitude first, deltas, printable text) to a flat [x0, y0, x1, y1, …] in the unit square.
/** @param {string} text @param {number} digits */
export function decodeLine(text, digits) {
  const points = [];
  const unit = 10 ** digits;
  const sums = [0, 0];
  let axis = 0;
  let value = 0;
  let shift = 0;
  for (let i = 0; i < text.length; i += 1) {
    const piece = text.charCodeAt(i) - 63;
    value += (piece & 0x1f) * 2 ** shift;
    shift += 5;
    if (piece < 0x20) {
      sums[axis] += value % 2 ? -(value + 1) / 2 : value / 2;
      if (axis === 1) points.push(Mercator.x(sums[1] / unit), Mercator.y(sums[0] / unit));
      axis = 1 - axis;
      value = 0;
      shift = 0;
    }
  }
  return withBox(Float64Array.from(points));
}

/** @param {Float64Array} points @returns {Line} */
function withBox(points) {
  /** @type {Box} */
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    box[0] = Math.min(box[0], points[i]);
    box[1] = Math.min(box[1], points[i + 1]);
    box[2] = Math.max(box[2], points[i]);
    box[3] = Math.max(box[3], points[i + 1]);
  }
  return { points, box };
}

/** @param {Box} a @param {Box} b */
export const boxesMeet = (a, b) => a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];

// How far a point is from a box; nothing within it.
/** @param {Box} box @param {number} x @param {number} y */
export const awayFrom = (box, x, y) => Math.hypot(Math.max(box[0] - x, 0, x - box[2]), Math.max(box[1] - y, 0, y - box[3]));

// Whether any part of a line from one point to another lies in a box.
/** @param {Box} box @param {Point} from @param {Point} to */
export function segmentMeets([left, top, right, low], [x, y], [toX, toY]) {
  let [first, last] = [0, 1];
  for (const [at, way, least, most] of [[x, toX - x, left, right], [y, toY - y, top, low]]) {
    if (!way && (at < least || at > most)) return false;
    const ends = way ? [(least - at) / way, (most - at) / way] : [0, 1];
    [first, last] = [Math.max(first, Math.min(...ends)), Math.min(last, Math.max(...ends))];
  }
  return first <= last;
}

// What a frame looks at: a centre and a real zoom on 256 px tiles, on a picture of width × height CSS pixels.
export class View {
  /** @param {Pick<Frame, 'width' | 'height' | 'lon' | 'lat' | 'zoom' | 'bearing'>} frame */
  constructor({ width, height, lon, lat, zoom, bearing = 0 }) {
    this.width = width;
    this.height = height;
    this.zoom = zoom;
    this.size = TILE_PX * 2 ** zoom;
    this.middle = Mercator.x(lon);
    this.left = this.middle * this.size - width / 2;
    this.top = Mercator.y(lat) * this.size - height / 2;
    this.lat = lat;
    this.angle = (bearing * Math.PI) / 180;
  }

  // Where a place is in the picture; `x` and `y` are that as long as the view looks north.
  /** @param {number} unitX @param {number} unitY @returns {Point} */
  point(unitX, unitY) {
    const [x, y] = [this.x(unitX), this.y(unitY)];
    if (!this.angle) return [x, y];
    const [right, down] = [x - this.width / 2, y - this.height / 2];
    const [cos, sin] = [Math.cos(this.angle), Math.sin(this.angle)];
    return [this.width / 2 + right * cos + down * sin, this.height / 2 + down * cos - right * sin];
  }

  // The same middle seen from north up, as wide as holds all of a turned picture, and of some pixels around it.
  level(pad = 0) {
    const side = Math.ceil(Math.hypot(this.width + 2 * pad, this.height + 2 * pad));
    const [left, top] = [this.left - (side - this.width) / 2, this.top - (side - this.height) / 2];
    return Object.assign(Object.create(View.prototype), this, { width: side, height: side, left, top, angle: 0 });
  }

  /** @param {number} unitX */
  x(unitX) {
    return unitX * this.size - this.left;
  }

  /** @param {number} unitY */
  y(unitY) {
    return unitY * this.size - this.top;
  }

  // The part of the unit square seen, padded by some pixels.
  /** @returns {Box} */
  box(pad = 0) {
    if (this.angle) return this.level(pad).box();
    return [
      (this.left - pad) / this.size,
      (this.top - pad) / this.size,
      (this.left + this.width + pad) / this.size,
      (this.top + this.height + pad) / this.size,
    ];
  }

  // The same view with the globe a whole turn further east.
  /** @param {number} turn @returns {View} */
  turned(turn) {
    return turn ? Object.assign(Object.create(View.prototype), this, { left: this.left - turn * this.size, middle: this.middle - turn }) : this;
  }

  // The whole turns at which some of a span of the unit square is seen; the globe goes on at 180°.
  /** @param {number} from @param {number} [to] @param {number} [pad] */
  turns(from, to = from, pad = 0) {
    const [west, , east] = this.box(pad);
    const [first, last] = [Math.ceil(west - to), Math.floor(east - from)];
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  }

  // The whole turn that brings a place nearest to the middle of the view.
  /** @param {number} unitX */
  nearest(unitX) {
    return Math.round(this.middle - unitX);
  }

  pxPerMetre() {
    return this.size / (2 * Math.PI * 6378137 * Math.cos((this.lat * Math.PI) / 180));
  }
}

// Sutherland–Hodgman: the ring inside a box of the unit square, so that a path never holds millions of pixels.
/** @param {Points} points @param {Box} box */
export function clipRing(points, box) {
  let ring = points;
  for (let side = 0; side < 4; side += 1) {
    const axis = side % 2;
    const bound = box[side];
    /** @param {number} p */
    const inside = (p) => (side < 2 ? p >= bound : p <= bound);
    /** @type {number[]} */
    const out = [];
    for (let i = 0, n = ring.length; i < n; i += 2) {
      const j = i + 2 < n ? i + 2 : 0;
      const here = inside(ring[i + axis]);
      if (here) out.push(ring[i], ring[i + 1]);
      if (here !== inside(ring[j + axis])) {
        const s = (bound - ring[i + axis]) / (ring[j + axis] - ring[i + axis]);
        out.push(ring[i] + s * (ring[j] - ring[i]), ring[i + 1] + s * (ring[j + 1] - ring[i + 1]));
      }
    }
    ring = out;
    if (ring.length === 0) break;
  }
  return ring;
}

const MS_A_DAY = 86400000;

export const Days = {
  // Days since 1970-01-01 from a number or from ISO text; calendar days only, so no time zone can enter.
  /** @param {unknown} value */
  of(value) {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    const match = /^(-?\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T.*)?$/.exec(String(value));
    if (!match) throw new Error(`camps: "${value}" is not a date; expected YYYY-MM-DD or days since 1970-01-01`);
    return Days.from(Number(match[1]), Number(match[2] || 1), Number(match[3] || 1));
  },
  /** @param {number} year @param {number} month @param {number} day */
  from(year, month, day) {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    return date.getTime() / MS_A_DAY;
  },
  /** @param {number} days */
  parts(days) {
    const date = new Date(Math.floor(days) * MS_A_DAY);
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  },
  /** @param {number} days */
  iso(days) {
    const { year, month, day } = Days.parts(days);
    /** @param {number} n */
    const two = (n) => String(n).padStart(2, '0');
    return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  },
};

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** @param {number} low @param {number} high @param {number} value */
export function smoothstep(low, high, value) {
  const s = clamp((value - low) / (high - low), 0, 1);
  return s * s * (3 - 2 * s);
}
