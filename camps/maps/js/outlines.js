// Footprints: which outlines stand at a moment, in which role, and how they are drawn.
// The rules are those of camps.timeline.footprints_state, piece by piece.

import { boxesMeet, clamp, decodeLine } from './geo.js';
import { turnedPen } from './base.js';
import { KIND_BETWEEN, unknownState } from './state.js';

const ORDER = { compound: 0, other: 1, construction: 2, block: 3, building: 4 };
const ROLE = { building: 'solid', block: 'solid', other: 'solid', compound: 'outline', construction: 'hatch' };

export class Outlines {
  constructor(data) {
    this.days = data.days;
    this.shapes = data.shapes.map((rings) => outlineOf(rings, data.digits));
    this.built = new Set(data.built);
    this.span = this.shapes.reduce(([west, east], { box }) => [Math.min(west, box[0]), Math.max(east, box[2])], [1, 0]);
    this.tracks = Outlines.tracks(data);
  }

  // Rows to sightings, track by track. What no look says is absent, never zero.
  static tracks({ seen, changes }) {
    const tracks = seen.tracks.map((id) => ({ id, seen: [] }));
    seen.id.forEach((id, row) => {
      const sighting = { id, site: seen.sites[seen.site[row]], day: seen.day[row], kind: seen.kinds[seen.kind[row]], shape: seen.shape[row], area: seen.area[row] };
      for (const name of ['before', 'since', 'after', 'covered']) if (seen[name] && seen[name][row] !== null) sighting[name] = seen[name][row];
      if (changes[row]) sighting.change = changes[row];
      tracks[seen.track[row]].seen.push(sighting);
    });
    return tracks;
  }

  at(t, mode) {
    const pieces = [];
    for (const track of this.tracks) this.follow(track, t, mode, pieces);
    const shown = pieces.filter((piece) => piece.opacity > 0 && piece.shape !== undefined && piece.shape !== null);
    // Walls first, then what stands around, then building sites, then buildings: the surest on top.
    return shown.sort((a, b) => ORDER[a.footprintKind] - ORDER[b.footprintKind]);
  }

  follow(track, t, mode, pieces) {
    const day = Math.floor(t);
    const { seen } = track;
    let now = -1;
    while (now + 1 < seen.length && seen[now + 1].day <= day) now += 1;
    const add = (sighting, phase, role, kind, changes = {}) => pieces.push(this.piece(track, sighting, phase, role, kind, now < 0 ? null : day - seen[now].day, changes));
    if (now < 0) return this.appearing(seen[0], t, mode, add);
    const here = seen[now];
    const next = seen[now + 1];
    if (here.day === day) return add(here, 'standing', ROLE[here.kind], 'observed');
    if (!next) return this.afterLast(here, t, mode, add);
    return this.between(here, next, t, mode, add);
  }

  piece(track, sighting, phase, role, kind, stale, changes) {
    const built = this.built.has(changes.footprintKind || sighting.kind);
    const piece = { track: track.id, id: sighting.id, site: sighting.site, footprintKind: sighting.kind, phase, role, kind, stale,
      opacity: 1, shape: sighting.shape, area: sighting.area, lo: sighting.area, hi: sighting.area, ...changes };
    return built ? piece : { ...piece, area: 0, lo: 0, hi: 0 };
  }

  appearing(first, t, mode, add) {
    const { before, since = before } = first;
    if (mode === 'bracket' && since < Math.floor(t)) add(first, 'appearing', 'outline', 'bracketed', { area: 0, lo: 0 });
    if (mode === 'illustrative' && before < Math.floor(t)) {
      const share = partOfTheWay(before, first.day, t);
      add(first, 'appearing', ROLE[first.kind], 'interpolated', { opacity: share, area: share * first.area, lo: 0 });
    }
  }

  afterLast(here, t, mode, add) {
    const day = Math.floor(t);
    const missed = here.after <= day;
    const lost = here.covered <= day;
    const over = here.kind === 'construction' && missed;
    const going = !missed && here.covered !== undefined && here.covered === here.after && mode !== 'observed';
    if (!missed && !going) add(here, 'standing', ROLE[here.kind], 'held');
    else if (missed && !lost && !over) add(here, 'unseen', 'outline', 'held', { lo: 0 });
    else if (lost && !over) add(here, 'lost', 'hatch', 'held', { area: 0, lo: 0, hi: 0 });
    else if (going && mode === 'bracket') add(here, 'losing', 'hatch', 'bracketed', { area: 0, lo: 0 });
    else if (going) {
      const left = 1 - partOfTheWay(here.day, here.after, t);
      add(here, 'losing', 'hatch', 'interpolated', { opacity: left, area: left * here.area, lo: 0 });
    }
  }

  between(here, next, t, mode, add) {
    if (here.after <= Math.floor(t)) add(here, 'unseen', 'outline', 'held');
    else if (!here.change || mode === 'observed') add(here, 'standing', ROLE[here.kind], 'held');
    else if (here.change.grows) this.growing(here, next, t, mode, add);
    else this.replaced(here, next, t, mode, add);
  }

  growing(here, next, t, mode, add) {
    const { kept, gain, loss, low, front } = here.change;
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
  siteStates(ids, pieces, t, mode) {
    const sums = new Map(ids.map((id) => [id, { area: 0, lo: 0, hi: 0, moving: false }]));
    for (const piece of pieces) {
      const sum = sums.get(piece.site);
      if (!sum) continue;
      sum.area += piece.area;
      sum.lo += piece.lo;
      sum.hi += piece.hi;
      sum.moving = sum.moving || (piece.hi > 0 && (piece.kind === 'bracketed' || piece.kind === 'interpolated'));
    }
    return ids.map((id) => this.siteState(id, sums.get(id), Math.floor(t), mode));
  }

  siteState(id, { area, lo, hi, moving }, day, mode) {
    const days = this.days[id] || [];
    const last = days.findLast((look) => look <= day);
    const next = days.find((look) => look > day) ?? null;
    if (last === undefined) return { ...unknownState(), next };
    const kind = last === day ? 'observed' : moving ? KIND_BETWEEN[mode] : 'held';
    return { value: area, lo, hi, stale: day - last, next, kind, counted: last === day };
  }

  // Solid ground first, then what is in doubt upon it. Over a satellite picture fills are thin, so that it shows through.
  draw(pen, pieces, strength) {
    for (const turn of pen.view.turns(...this.span, 40)) this.drawAreas(turnedPen(pen, turn), pieces, strength);
  }

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
  drawEdges(pen, pieces) {
    for (const turn of pen.view.turns(...this.span, 40)) this.drawLines(turnedPen(pen, turn), pieces);
  }

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

  drawOutline(pen, shape, piece, fine) {
    const { look, u } = pen;
    if (piece.phase === 'appearing') this.stroke(pen, shape, look.appearing, fine * 1.5, [5 * u, 3.5 * u]);
    else if (piece.phase === 'unseen') this.stroke(pen, shape, look.muted, fine * 1.1, [1.5 * u, 3 * u]);
    else this.stroke(pen, shape, look.compound, 2.4 * fine);
  }

  // B ∩ buffer(A ∩ B, m): inside the coming outline, what stands with a stroke twice as wide as the front has come.
  drawFront(pen, shape, piece) {
    const { ctx, view } = pen;
    ctx.save();
    trace(ctx, view, shape);
    ctx.clip('evenodd');
    const colour = this.colour(pen, piece);
    trace(ctx, view, this.shapes[piece.kept]);
    ctx.fillStyle = colour;
    ctx.fill('evenodd');
    if (piece.reach > 0) {
      ctx.strokeStyle = colour;
      ctx.lineJoin = 'round';
      ctx.lineWidth = 2 * piece.reach * view.pxPerMetre();
      ctx.stroke();
    }
    ctx.restore();
    this.stroke(pen, shape, pen.look.appearing, 0.9 * pen.u, [5 * pen.u, 3.5 * pen.u]);
  }

  colour(pen, piece) {
    const { look } = pen;
    return { building: look.footprint, block: look.footprint_block, other: look.footprint_other }[piece.footprintKind] || look.footprint;
  }

  fill(pen, shape, colour) {
    trace(pen.ctx, pen.view, shape);
    pen.ctx.fillStyle = colour;
    pen.ctx.fill('evenodd');
  }

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
  trackAt(view, pieces, { x, y }) {
    for (const turn of view.turns(...this.span)) {
      const own = view.turned(turn);
      const at = [(x + own.left) / own.size, (y + own.top) / own.size];
      const found = pieces.findLast((piece) => holds(this.shapes[piece.shape], at));
      if (found) return found.track;
    }
    return null;
  }

  drawSelected(pen, pieces, selected) {
    for (const turn of pen.view.turns(...this.span, 40)) {
      const own = turnedPen(pen, turn);
      for (const piece of pieces.filter(({ track }) => selected.includes(track))) {
        this.stroke(own, this.shapes[piece.shape], pen.look.land, 5);
        this.stroke(own, this.shapes[piece.shape], pen.look.text, 2.5);
      }
    }
  }

  describe(pieces) {
    return pieces.map(({ track, id, site, phase, role, kind, opacity, area, lo, hi, stale }) => ({
      track_id: track, footprint_id: id, site_id: site || null, phase, role, kind, opacity, area_m2: area, area_lo_m2: lo, area_hi_m2: hi, stale_days: stale,
    }));
  }
}

function outlineOf(rings, digits) {
  const lines = rings.split(' ').map((ring) => decodeLine(ring, digits));
  const box = lines.reduce((b, { box: c }) => [Math.min(b[0], c[0]), Math.min(b[1], c[1]), Math.max(b[2], c[2]), Math.max(b[3], c[3])], lines[0].box);
  return { lines, box };
}

function holds({ box, lines }, [x, y]) {
  if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
  let inside = false;
  for (const { points } of lines) {
    for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
      const [ax, ay, bx, by] = [points[i], points[i + 1], points[j], points[j + 1]];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

const sizeOf = (view, { box }) => Math.max(box[2] - box[0], box[3] - box[1]) * view.size;

// Outlines too small for a path: one square a pixel, however many of them fall on it.
class Specks {
  constructor({ width, height }) {
    this.width = Math.ceil(width);
    this.taken = null;
    this.height = Math.ceil(height);
  }

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
const partOfTheWay = (start, end, t) => (t - start - 1) / (end - start - 1);

// A building site that becomes a building is not a loss, though its hatching goes.
const isLoss = (piece) => (piece.phase === 'losing' || piece.phase === 'lost') && piece.footprintKind !== 'construction';

const hatchColour = (look, piece) => (isLoss(piece) ? look.loss : look.construction);

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
function hatchBox(ctx, x0, y0, x1, y1, step, way) {
  const height = y1 - y0;
  ctx.beginPath();
  for (let x = x0 - height; x < x1 + height; x += step * Math.SQRT2) {
    ctx.moveTo(x, way > 0 ? y1 : y0);
    ctx.lineTo(x + height, way > 0 ? y0 : y1);
  }
}

// A sample for the legend.
export function drawSwatch(pen, name, x, y, w, h) {
  const { ctx, look, u } = pen;
  const box = () => {
    ctx.beginPath();
    ctx.rect(x, y, w, h);
  };
  const line = (colour, width, dash = []) => {
    box();
    ctx.setLineDash(dash);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
    ctx.setLineDash([]);
  };
  const fill = { building: look.footprint, block: look.footprint_block, other: look.footprint_other }[name];
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
