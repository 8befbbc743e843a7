// Footprints: which outlines stand at a moment, in which role, and how they are drawn.
// The rules are those of camps.timeline.footprints_state, piece by piece.

import { LEAST_SEEN } from './canvas.js';
import { awayFrom, boxesMeet, clamp, decodeLine, segmentMeets } from './geo.js';
import { turnedPen } from './base.js';
import { KIND_BETWEEN, unknownState } from './state.js';
/** @import { View } from './geo.js' */
/** @import { Change, FootprintKind, Footprints, Look, Mode, Swatch } from './payload.d.ts' */
/** @import { Add, Box, Context, Loose, Outline, Pen, Piece, Point, Role, Sighting, SiteState, Size, StateKind, Sum, Track } from './types.d.ts' */

/** @type {Record<FootprintKind, number>} */
const ORDER = { compound: 0, other: 1, construction: 2, block: 3, building: 4 };
/** @type {Record<FootprintKind, Role>} */
const ROLE = { building: 'solid', block: 'solid', other: 'solid', compound: 'outline', construction: 'hatch' };

export class Outlines {
  /** @param {Footprints} data */
  constructor(data) {
    this.days = data.days;
    this.shapes = data.shapes.map((rings) => outlineOf(rings, data.digits));
    this.built = new Set(data.built);
    this.west = this.shapes.reduce((west, { box }) => Math.min(west, box[0]), 1);
    this.east = this.shapes.reduce((east, { box }) => Math.max(east, box[2]), 0);
    this.tracks = Outlines.tracks(data);
  }

  // Rows to sightings, track by track. A day that no look says never comes.
  /** @param {Footprints} footprints */
  static tracks({ seen, changes }) {
    /** @type {Track[]} */
    const tracks = seen.tracks.map((id) => ({ id, seen: [] }));
    /** @param {'before' | 'after' | 'covered'} name @param {number} row */
    const said = (name, row) => seen[name]?.[row] ?? Infinity;
    seen.id.forEach((id, row) => {
      const before = said('before', row);
      tracks[seen.track[row]].seen.push({
        id, site: seen.sites[seen.site[row]], day: seen.day[row], kind: seen.kinds[seen.kind[row]], shape: seen.shape[row], area: seen.area[row],
        before, since: seen.since?.[row] ?? before, after: said('after', row), covered: said('covered', row), change: changes[row] ?? null,
      });
    });
    return tracks;
  }

  /** @param {number} t @param {Mode} mode */
  at(t, mode) {
    /** @type {Loose[]} */
    const pieces = [];
    for (const track of this.tracks) this.follow(track, t, mode, pieces);
    const shown = pieces.filter(isShown);
    // Walls first, then what stands around, then building sites, then buildings: the surest on top.
    return shown.sort((a, b) => ORDER[a.footprintKind] - ORDER[b.footprintKind]);
  }

  /** @param {Track} track @param {number} t @param {Mode} mode @param {Loose[]} pieces */
  follow(track, t, mode, pieces) {
    const day = Math.floor(t);
    const { seen } = track;
    let now = -1;
    while (now + 1 < seen.length && seen[now + 1].day <= day) now += 1;
    /** @type {Add} */
    const add = (sighting, phase, role, kind, changes = {}) => pieces.push(this.piece(track, sighting, phase, role, kind, now < 0 ? null : day - seen[now].day, changes));
    if (now < 0) return this.appearing(seen[0], t, mode, add);
    const here = seen[now];
    const next = seen[now + 1];
    if (here.day === day) return add(here, 'standing', ROLE[here.kind], 'observed');
    if (!next) return this.afterLast(here, t, mode, add);
    return this.between(here, next, t, mode, add);
  }

  /** @param {Track} track @param {Sighting} sighting @param {Piece['phase']} phase @param {Role} role @param {StateKind} kind @param {number | null} stale @param {Partial<Loose>} changes @returns {Loose} */
  piece(track, sighting, phase, role, kind, stale, changes) {
    const built = this.built.has(changes.footprintKind || sighting.kind);
    const piece = { track: track.id, id: sighting.id, site: sighting.site, footprintKind: sighting.kind, phase, role, kind, stale,
      opacity: 1, shape: sighting.shape, area: sighting.area, lo: sighting.area, hi: sighting.area, ...changes };
    return built ? piece : { ...piece, area: 0, lo: 0, hi: 0 };
  }

  /** @param {Sighting} first @param {number} t @param {Mode} mode @param {Add} add */
  appearing(first, t, mode, add) {
    const { before, since } = first;
    if (mode === 'bracket' && since < Math.floor(t)) add(first, 'appearing', 'outline', 'bracketed', { area: 0, lo: 0 });
    if (mode === 'illustrative' && before < Math.floor(t)) {
      const share = partOfTheWay(before, first.day, t);
      add(first, 'appearing', ROLE[first.kind], 'interpolated', { opacity: share, area: share * first.area, lo: 0 });
    }
  }

  /** @param {Sighting} here @param {number} t @param {Mode} mode @param {Add} add */
  afterLast(here, t, mode, add) {
    const day = Math.floor(t);
    const missed = here.after <= day;
    const lost = here.covered <= day;
    const over = here.kind === 'construction' && missed;
    const going = !missed && here.covered < Infinity && here.covered === here.after && mode !== 'observed';
    if (!missed && !going) add(here, 'standing', ROLE[here.kind], 'held');
    else if (missed && !lost && !over) add(here, 'unseen', 'outline', 'held', { lo: 0 });
    else if (lost && !over) add(here, 'lost', 'hatch', 'held', { area: 0, lo: 0, hi: 0 });
    else if (going && mode === 'bracket') add(here, 'losing', 'hatch', 'bracketed', { area: 0, lo: 0 });
    else if (going) {
      const left = 1 - partOfTheWay(here.day, here.after, t);
      add(here, 'losing', 'hatch', 'interpolated', { opacity: left, area: left * here.area, lo: 0 });
    }
  }

  /** @param {Sighting} here @param {Sighting} next @param {number} t @param {Mode} mode @param {Add} add */
  between(here, next, t, mode, add) {
    const { change } = here;
    if (here.after <= Math.floor(t)) add(here, 'unseen', 'outline', 'held');
    else if (!change || mode === 'observed') add(here, 'standing', ROLE[here.kind], 'held');
    else if (change.grows) this.growing(here, change, next, t, mode, add);
    else this.replaced(here, next, t, mode, add);
  }

  /** @param {Sighting} here @param {Change} change @param {Sighting} next @param {number} t @param {Mode} mode @param {Add} add */
  growing(here, { kept, gain, loss, low, front = [0, 0] }, next, t, mode, add) {
    const bracket = { lo: low, hi: here.area + next.area - low };
    const nothing = { area: 0, lo: 0, hi: 0 };
    const role = ROLE[here.kind];
    if (mode === 'bracket') {
      add(here, 'growing', role, 'bracketed', { shape: kept, area: low, ...bracket });
      add(here, 'appearing', 'outline', 'bracketed', { shape: gain, ...nothing });
      add(here, 'losing', 'hatch', 'bracketed', { shape: loss, ...nothing });
      return;
    }
    const share = partOfTheWay(here.day, next.day, t);
    const area = here.area + share * (next.area - here.area);
    const along = share * (front.length - 1);
    const step = Math.min(Math.floor(along), front.length - 2);
    const reach = front[step] + (along - step) * (front[step + 1] - front[step]);
    add(here, 'growing', role === 'solid' ? 'front' : role, 'interpolated', { shape: next.shape, kept, reach, area, ...bracket });
    add(here, 'losing', 'hatch', 'interpolated', { shape: loss, opacity: 1 - share, ...nothing });
  }

  /** @param {Sighting} here @param {Sighting} next @param {number} t @param {Mode} mode @param {Add} add */
  replaced(here, next, t, mode, add) {
    const coming = { ...next, id: here.id };
    if (mode === 'bracket') {
      add(here, 'losing', 'hatch', 'bracketed', { area: 0, lo: 0 });
      add(coming, 'appearing', 'outline', 'bracketed', { area: 0, lo: 0 });
      return;
    }
    const share = partOfTheWay(here.day, next.day, t);
    add(here, 'losing', 'hatch', 'interpolated', { opacity: 1 - share, area: (1 - share) * here.area, lo: 0 });
    add(coming, 'appearing', ROLE[coming.kind], 'interpolated', { opacity: share, area: share * coming.area, lo: 0 });
  }

  // The built area of each site: looked at and nothing built is 0, not looked at by now is unknown.
  /** @param {string[]} ids @param {Piece[]} pieces @param {number} t @param {Mode} mode */
  siteStates(ids, pieces, t, mode) {
    /** @type {Map<string, Sum>} */
    const sums = new Map(ids.map((id) => [id, { area: 0, lo: 0, hi: 0, moving: false }]));
    for (const piece of pieces) {
      const sum = sums.get(piece.site);
      if (!sum) continue;
      sum.area += piece.area;
      sum.lo += piece.lo;
      sum.hi += piece.hi;
      sum.moving = sum.moving || (piece.hi > 0 && (piece.kind === 'bracketed' || piece.kind === 'interpolated'));
    }
    return ids.map((id) => this.siteState(id, sums.get(id) ?? NOTHING, Math.floor(t), mode));
  }

  /** @param {string} id @param {Sum} sum @param {number} day @param {Mode} mode @returns {SiteState} */
  siteState(id, { area, lo, hi, moving }, day, mode) {
    const days = this.days[id] || [];
    const last = days.findLast((look) => look <= day);
    const next = days.find((look) => look > day) ?? null;
    if (last === undefined) return { ...unknownState(), next };
    const kind = last === day ? 'observed' : moving ? KIND_BETWEEN[mode] : 'held';
    return { value: area, lo, hi, stale: day - last, next, kind, counted: last === day };
  }

  // Solid ground first, then what is in doubt upon it. Over a satellite picture fills are thin, so that it shows through.
  /** @param {Pen} pen @param {Piece[]} pieces @param {number} strength */
  draw(pen, pieces, strength) {
    for (const turn of pen.view.turns(this.west, this.east, 40)) this.drawAreas(turnedPen(pen, turn), pieces, strength);
  }

  /** @param {Pen} pen @param {Piece[]} pieces @param {number} strength */
  drawAreas(pen, pieces, strength) {
    const { ctx, view } = pen;
    const near = view.box(40);
    const specks = new Specks(view);
    for (const piece of pieces) {
      const shape = this.shapes[piece.shape];
      if (!boxesMeet(shape.box, near)) continue;
      ctx.globalAlpha = piece.opacity * (piece.role === 'hatch' ? 1 : strength) * pen.lit(piece.site);
      if (piece.role !== 'outline' && sizeOf(view, shape) < 1.5) specks.draw(ctx, view, shape, this.colour(pen, piece));
      else if (piece.role === 'solid') this.fill(pen, shape, this.colour(pen, piece));
      else if (piece.role === 'front') this.drawFront(pen, shape, piece);
      else if (piece.role === 'hatch') this.hatch(pen, shape, piece);
    }
    ctx.globalAlpha = 1;
  }

  // Lines: walls, what may have come, what was not recognised, and a fine edge on every building.
  /** @param {Pen} pen @param {Piece[]} pieces */
  drawEdges(pen, pieces) {
    for (const turn of pen.view.turns(this.west, this.east, 40)) this.drawLines(turnedPen(pen, turn), pieces);
  }

  /** @param {Pen} pen @param {Piece[]} pieces */
  drawLines(pen, pieces) {
    const { ctx, look, u, view } = pen;
    const near = view.box(40);
    const fine = clamp(view.pxPerMetre() * 1.2, 0.15, 1.1) * u;
    for (const piece of pieces) {
      const shape = this.shapes[piece.shape];
      if (!boxesMeet(shape.box, near) || sizeOf(view, shape) < 3) continue;
      ctx.globalAlpha = piece.opacity * pen.lit(piece.site);
      if (piece.role === 'solid') this.stroke(pen, shape, look.footprint_edge, fine * 0.8);
      else if (piece.role === 'hatch') this.stroke(pen, shape, hatchColour(look, piece), fine);
      else if (piece.role === 'outline') this.drawOutline(pen, shape, piece, fine);
    }
    ctx.globalAlpha = 1;
  }

  /** @param {Pen} pen @param {Outline} shape @param {Piece} piece @param {number} fine */
  drawOutline(pen, shape, piece, fine) {
    const { look, u } = pen;
    if (piece.phase === 'appearing') this.stroke(pen, shape, look.appearing, fine * 1.5, [5 * u, 3.5 * u]);
    else if (piece.phase === 'unseen') this.stroke(pen, shape, look.muted, fine * 1.1, [1.5 * u, 3 * u]);
    else this.stroke(pen, shape, look.compound, 2.4 * fine);
  }

  // B ∩ buffer(A ∩ B, m): inside the coming outline, what stands with a stroke twice as wide as the front has come.
  /** @param {Pen} pen @param {Outline} shape @param {Piece} piece */
  drawFront(pen, shape, piece) {
    const { ctx, view } = pen;
    ctx.save();
    trace(ctx, view, shape);
    ctx.clip('evenodd');
    const colour = this.colour(pen, piece);
    ctx.beginPath();
    if (piece.kept !== undefined) trace(ctx, view, this.shapes[piece.kept]);
    ctx.fillStyle = colour;
    ctx.fill('evenodd');
    if (piece.reach) {
      ctx.strokeStyle = colour;
      ctx.lineJoin = 'round';
      ctx.lineWidth = 2 * piece.reach * view.pxPerMetre();
      ctx.stroke();
    }
    ctx.restore();
    this.stroke(pen, shape, pen.look.appearing, 0.9 * pen.u, [5 * pen.u, 3.5 * pen.u]);
  }

  /** @param {Pen} pen @param {Piece} piece */
  colour(pen, piece) {
    return fillOf(pen.look, piece.footprintKind) ?? pen.look.footprint;
  }

  /** @param {Pen} pen @param {Outline} shape @param {string} colour */
  fill(pen, shape, colour) {
    trace(pen.ctx, pen.view, shape);
    pen.ctx.fillStyle = colour;
    pen.ctx.fill('evenodd');
  }

  /** @param {Pen} pen @param {Outline} shape @param {string} colour @param {number} width @param {number[]} [dash] */
  stroke(pen, shape, colour, width, dash = []) {
    const { ctx, view } = pen;
    trace(ctx, view, shape);
    ctx.setLineDash(dash);
    ctx.lineJoin = 'miter';
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** @param {Pen} pen @param {Outline} shape @param {Piece} piece */
  hatch(pen, shape, piece) {
    const { ctx, view, u, look } = pen;
    ctx.save();
    trace(ctx, view, shape);
    ctx.clip('evenodd');
    const [x0, y0, x1, y1] = [view.x(shape.box[0]), view.y(shape.box[1]), view.x(shape.box[2]), view.y(shape.box[3])];
    hatchBox(ctx, x0, y0, x1, y1, 5 * u, isLoss(piece) ? -1 : 1);
    ctx.strokeStyle = hatchColour(look, piece);
    ctx.lineWidth = 1.2 * u;
    ctx.stroke();
    ctx.restore();
  }

  // The track of the topmost outline under a point of the screen.
  /** @param {View} view @param {Piece[]} pieces @param {L.Point} lPoint */
  trackAt(view, pieces, { x, y }) {
    for (const turn of view.turns(this.west, this.east)) {
      const own = view.turned(turn);
      /** @type {Point} */
      const at = [(x + own.left) / own.size, (y + own.top) / own.size];
      const found = pieces.findLast((piece) => holds(this.shapes[piece.shape], at));
      if (found) return found.track;
    }
    return null;
  }

  /** @param {Pen} pen @param {Piece[]} pieces @param {string[]} selected */
  drawSelected(pen, pieces, selected) {
    for (const turn of pen.view.turns(this.west, this.east, 40)) {
      const own = turnedPen(pen, turn);
      for (const piece of pieces.filter(({ track }) => selected.includes(track))) {
        this.stroke(own, this.shapes[piece.shape], pen.look.land, 5);
        this.stroke(own, this.shapes[piece.shape], pen.look.text, 2.5);
      }
    }
  }

  // How many outlines that are seen lie under a box of the picture, in whole or in part.
  /** @param {View} view @param {Piece[]} pieces @param {Box} box */
  countUnder(view, pieces, box) {
    return pieces.filter(({ opacity, shape, role }) => opacity > LEAST_SEEN && meets(view, this.shapes[shape], box, role !== 'outline')).length;
  }

  /** @param {Piece[]} pieces */
  describe(pieces) {
    return pieces.map(({ track, id, site, phase, role, kind, opacity, area, lo, hi, stale }) => ({
      track_id: track, footprint_id: id, site_id: site || null, phase, role, kind, opacity, area_m2: area, area_lo_m2: lo, area_hi_m2: hi, stale_days: stale,
    }));
  }
}

// Whether an outline in the picture has an edge in a box; or is whole around it, where it is an area and no wall.
/** @param {View} view @param {Outline} outline @param {Box} box @param {boolean} filled */
function meets(view, { lines, box: [west, north, east, south] }, box, filled) {
  const turn = view.nearest((west + east) / 2);
  const middle = view.point((west + east) / 2 + turn, (north + south) / 2);
  if (awayFrom(box, ...middle) > (Math.hypot(east - west, south - north) * view.size) / 2) return false;
  const at = /** @type {Point} */ ([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
  let inside = false;
  for (const { points } of lines) {
    let before = view.point(points[points.length - 2] + turn, points[points.length - 1]);
    for (let i = 0; i < points.length; i += 2) {
      const now = view.point(points[i] + turn, points[i + 1]);
      if (segmentMeets(box, before, now)) return true;
      if (crosses(at, before, now)) inside = !inside;
      before = now;
    }
  }
  return filled && inside;
}

// Whether a ray from a point to the right crosses an edge.
/** @param {Point} point @param {Point} from @param {Point} to */
const crosses = ([x, y], [ax, ay], [bx, by]) => ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax;

/** @param {string} rings @param {number} digits @returns {Outline} */
function outlineOf(rings, digits) {
  const lines = rings.split(' ').map((ring) => decodeLine(ring, digits));
  const box = lines.map((line) => line.box).reduce((b, c) => [Math.min(b[0], c[0]), Math.min(b[1], c[1]), Math.max(b[2], c[2]), Math.max(b[3], c[3])]);
  return { lines, box };
}

/** @param {Outline} outline @param {Point} point */
function holds({ box, lines }, [x, y]) {
  if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
  let inside = false;
  for (const { points } of lines) {
    for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
      if (crosses([x, y], [points[i], points[i + 1]], [points[j], points[j + 1]])) inside = !inside;
    }
  }
  return inside;
}

/** @param {Loose} piece @returns {piece is Piece} */
const isShown = (piece) => piece.opacity > 0 && typeof piece.shape === 'number';

/** @type {Sum} */
const NOTHING = { area: 0, lo: 0, hi: 0, moving: false };

/** @param {Look} look @param {string} kind @returns {string | undefined} */
function fillOf(look, kind) {
  return { building: look.footprint, block: look.footprint_block, other: look.footprint_other }[kind];
}

/** @param {View} view @param {Outline} outline */
const sizeOf = (view, { box }) => Math.max(box[2] - box[0], box[3] - box[1]) * view.size;

// Outlines too small for a path: one square a pixel, however many of them fall on it.
class Specks {
  /** @param {Size} size */
  constructor({ width, height }) {
    this.width = Math.ceil(width);
    /** @type {Uint8Array | null} */
    this.taken = null;
    this.height = Math.ceil(height);
  }

  /** @param {Context} ctx @param {View} view @param {Outline} outline @param {string} colour */
  draw(ctx, view, { box }, colour) {
    const x = Math.floor(view.x((box[0] + box[2]) / 2));
    const y = Math.floor(view.y((box[1] + box[3]) / 2));
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    this.taken = this.taken || new Uint8Array(this.width * this.height);
    if (this.taken[y * this.width + x]) return;
    this.taken[y * this.width + x] = 1;
    ctx.fillStyle = colour;
    ctx.fillRect(x, y, 1, 1);
  }
}

// A look lasts its whole day.
/** @param {number} start @param {number} end @param {number} t */
const partOfTheWay = (start, end, t) => (t - start - 1) / (end - start - 1);

// A building site that becomes a building is not a loss, though its hatching goes.
/** @param {Piece} piece */
const isLoss = (piece) => (piece.phase === 'losing' || piece.phase === 'lost') && piece.footprintKind !== 'construction';

/** @param {Look} look @param {Piece} piece */
const hatchColour = (look, piece) => (isLoss(piece) ? look.loss : look.construction);

/** @param {Context} ctx @param {View} view @param {Outline} shape */
function trace(ctx, view, shape) {
  ctx.beginPath();
  for (const { points } of shape.lines) {
    for (let i = 0; i < points.length; i += 2) {
      if (i) ctx.lineTo(view.x(points[i]), view.y(points[i + 1]));
      else ctx.moveTo(view.x(points[i]), view.y(points[i + 1]));
    }
    ctx.closePath();
  }
}

// Parallel lines at 45°, anchored to the outline itself, so that they travel with it.
/** @param {Context} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} step @param {number} way */
function hatchBox(ctx, x0, y0, x1, y1, step, way) {
  const height = y1 - y0;
  ctx.beginPath();
  for (let x = x0 - height; x < x1 + height; x += step * Math.SQRT2) {
    ctx.moveTo(x, way > 0 ? y1 : y0);
    ctx.lineTo(x + height, way > 0 ? y0 : y1);
  }
}

// A sample for the legend.
/** @param {Pen} pen @param {Swatch} name @param {number} x @param {number} y @param {number} w @param {number} h */
export function drawSwatch(pen, name, x, y, w, h) {
  const { ctx, look, u } = pen;
  const box = () => {
    ctx.beginPath();
    ctx.rect(x, y, w, h);
  };
  /** @param {string} colour @param {number} width @param {number[]} [dash] */
  const line = (colour, width, dash = []) => {
    box();
    ctx.setLineDash(dash);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
    ctx.setLineDash([]);
  };
  const fill = fillOf(look, name);
  if (fill) {
    box();
    ctx.fillStyle = fill;
    ctx.fill();
    line(look.footprint_edge, 0.9 * u);
  } else if (name === 'construction' || name === 'lost') {
    const colour = name === 'lost' ? look.loss : look.construction;
    ctx.save();
    box();
    ctx.clip();
    hatchBox(ctx, x, y, x + w, y + h, 5 * u, name === 'lost' ? -1 : 1);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.2 * u;
    ctx.stroke();
    ctx.restore();
    line(colour, 1.1 * u);
  } else if (name === 'appearing') line(look.appearing, 1.6 * u, [5 * u, 3.5 * u]);
  else if (name === 'unseen') line(look.muted, 1.2 * u, [1.5 * u, 3 * u]);
  else line(look.compound, 2.4 * u);
}
