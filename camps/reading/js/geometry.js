// Shapes on the grid of a reading: x counts columns to the right, y rows down, from the upper left corner.

/** @typedef {[number, number]} Point */
/** @typedef {Point[][]} Rings the outer ring first; none repeats its first point */

/** @param {Point} a @param {Point} b */
export const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** @param {Point} p @param {Rings} rings */
export function isInside([x, y], rings) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [ax, ay] = ring[i];
      const [bx, by] = ring[j];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

/** The area in square pixels, courtyards taken off. @param {Rings} rings */
export function areaOf(rings) {
  const areas = rings.map((ring) => {
    const twice = ring.reduce((sum, [x, y], i) => {
      const [nx, ny] = ring[(i + 1) % ring.length];
      return sum + x * ny - nx * y;
    }, 0);
    return Math.abs(twice) / 2;
  });
  return areas.slice(1).reduce((left, hole) => left - hole, areas[0] ?? 0);
}

/** The corner nearest to a point. @param {Rings} rings @param {Point} p */
export function cornerAt(rings, p) {
  let best = { ring: 0, at: 0, away: Infinity };
  for (const [r, ring] of rings.entries()) {
    for (const [at, corner] of ring.entries()) {
      const away = distance(corner, p);
      if (away < best.away) best = { ring: r, at, away };
    }
  }
  return best;
}

/** The middle of the edge after each corner, nearest to a point. @param {Rings} rings @param {Point} p */
export function middleAt(rings, p) {
  const middles = rings.map((ring) => ring.map((_, at) => middle(ring, at)));
  return cornerAt(middles, p);
}

/** The place on an edge that is nearest to a point, and the corner that the edge follows.
 * @param {Rings} rings @param {Point} p */
export function edgeAt(rings, p) {
  let best = { ring: 0, at: 0, away: Infinity, place: p };
  for (const [r, ring] of rings.entries()) {
    for (const [at, [ax, ay]] of ring.entries()) {
      const [bx, by] = ring[(at + 1) % ring.length];
      const along = ((p[0] - ax) * (bx - ax) + (p[1] - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1);
      const share = Math.max(0, Math.min(1, along));
      const place = /** @type {Point} */ ([ax + share * (bx - ax), ay + share * (by - ay)]);
      const away = distance(place, p);
      if (away < best.away) best = { ring: r, at, away, place };
    }
  }
  return best;
}

/** @param {Point[]} ring @param {number} at @returns {Point} */
export function middle(ring, at) {
  const [ax, ay] = ring[at];
  const [bx, by] = ring[(at + 1) % ring.length];
  return [(ax + bx) / 2, (ay + by) / 2];
}

/** The point moved so that its edge from `b` goes on along a–b or at right angles to it.
 * @param {Point} a @param {Point} b @param {Point} p @returns {Point} */
export function atRightAngle(a, b, p) {
  const length = distance(a, b) || 1;
  const [ux, uy] = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
  const along = (p[0] - b[0]) * ux + (p[1] - b[1]) * uy;
  const across = (p[1] - b[1]) * ux - (p[0] - b[0]) * uy;
  return Math.abs(along) > Math.abs(across)
    ? [b[0] + along * ux, b[1] + along * uy]
    : [b[0] - across * uy, b[1] + across * ux];
}

/** A rectangle with the side a–b, as deep as the point lies from it. @param {Point} a @param {Point} b @param {Point} p */
export function rectangle(a, b, p) {
  const length = distance(a, b) || 1;
  const [ux, uy] = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
  const across = (p[1] - b[1]) * ux - (p[0] - b[0]) * uy;
  const [dx, dy] = [-across * uy, across * ux];
  return /** @type {Point[]} */ ([a, b, [b[0] + dx, b[1] + dy], [a[0] + dx, a[1] + dy]]);
}
