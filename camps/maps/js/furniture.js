// Title, legend, date, counter, scale, north, credit and the guides of the safe areas.
// Each part is first laid out (its box is known before labels are drawn) and then drawn.

const ACTION_SAFE = 0.035;
const GRAPHICS_SAFE = 0.05;

class Furniture {
  constructor(data, words) {
    this.data = data;
    this.words = words;
    this.systems = data.systems ? new Systems(data, words) : null;
  }

  layout(pen, frame, state, before) {
    const { view, u } = pen;
    const margin = { x: Math.max(12, GRAPHICS_SAFE * view.width), y: Math.max(12, GRAPHICS_SAFE * view.height) };
    const parts = [];
    const add = (layer, part) => {
      if (frame.layers[layer] && part) parts.push({ layer, ...part });
    };
    const wide = view.width - 2 * margin.x;
    add('credit', this.credit(pen, frame, margin, wide));
    add('legend', this.title(pen, frame, margin, wide));
    this.after = state;
    if (this.systems && this.systems.pair) add('date', this.systems.sides(pen, frame, margin, parts));
    else add('date', before ? this.versus(pen, frame, before, margin, parts) : this.clock(pen, frame, { ...state, ...pen.steady }, margin, wide, parts));
    if (this.systems && !this.systems.pair) add('date', this.systems.chart(pen, frame, margin, parts));
    if (view.width > 560 || frame.legend) {
      for (const [rows, alpha, samples] of this.words.legends(frame, pen.ze)) {
        add('legend', alpha > 0.004 && this.legend(pen, frame, margin, parts, rows, alpha, samples));
      }
    }
    add('legend', this.measure(pen, frame, margin, parts, u));
    return parts;
  }

  // The side from which this language reads.
  start(pen, margin) {
    return pen.type.rtl ? pen.view.width - margin.x : margin.x;
  }

  end(pen, margin) {
    return pen.type.rtl ? margin.x : pen.view.width - margin.x;
  }

  boxFrom(pen, x, width, top, bottom, towardsEnd) {
    const right = towardsEnd !== pen.type.rtl;
    return right ? [x, top, x + width, bottom] : [x - width, top, x, bottom];
  }

  credit(pen, frame, margin, wide) {
    const { type, u, view, look } = pen;
    const size = Math.max(9, 15 * u);
    const lines = type.wrap([this.words.credit(frame), ...frame.credits].join(' · '), Math.min(wide, 1120 * u), size, 400);
    const x = this.end(pen, margin);
    const bottom = view.height - margin.y;
    const top = bottom - lines.length * size * 1.35;
    const width = Math.max(...lines.map((line) => type.width(line, size, 400)));
    return {
      box: this.boxFrom(pen, x, width, top, bottom, false),
      draw() {
        lines.forEach((line, i) => {
          const y = top + (i + 0.74) * size * 1.35;
          type.draw(line, x, y, { size, colour: look.muted, align: 'end', halo: look.halo, haloWidth: 3 * u });
        });
      },
    };
  }

  title(pen, frame, margin, wide) {
    const { type, u, look } = pen;
    const text = this.words.meta('title', frame.lang);
    if (!text) return null;
    const big = 38 * u;
    const small = Math.max(11, 21 * u);
    const room = pen.view.width > 560 ? wide * 0.62 : wide;
    const lines = type.wrap(text, room, big, 600).map((line) => [line, big, 600, look.text]);
    const under = this.words.meta('subtitle', frame.lang);
    if (under) lines.push(...type.wrap(under, room, small, 400).map((line) => [line, small, 400, look.muted]));
    const x = this.start(pen, margin);
    const height = lines.reduce((sum, line) => sum + line[1] * 1.32, 0);
    const width = Math.max(...lines.map(([line, size, weight]) => type.width(line, size, weight)));
    return {
      box: this.boxFrom(pen, x, width, margin.y, margin.y + height, true),
      draw() {
        let y = margin.y;
        for (const [line, size, weight, colour] of lines) {
          y += size * 1.32;
          type.draw(line, x, y - size * 0.34, { size, weight, colour, halo: look.halo, haloWidth: 5 * u });
        }
      },
    };
  }

  // Date, total and what they rest on. Rows are kept free for all that may come, so that the date never jumps.
  clock(pen, frame, state, margin, wide, parts) {
    const { type, u, view, look } = pen;
    const note = Math.max(10, 19 * u);
    const rows = this.headRows(frame, state, u, look);
    const room = Math.min(wide, 520 * u);
    const notes = this.words.notes(state, frame.lang).flatMap((text) => type.wrap(text, room, note, 400));
    rows.push(...notes.map((line) => [line, note, 400, look.muted]));
    if (!rows.length) return null;
    const spare = Math.max(0, this.words.mostNotes() - notes.length) * note * 1.3;
    const height = rows.reduce((sum, row) => sum + row[1] * 1.3, spare);
    const width = Math.max(...rows.map(([text, size, weight]) => type.width(text, size, weight)));
    const x = this.start(pen, margin);
    const credit = parts.find((part) => part.layer === 'credit');
    const beside = credit ? (type.rtl ? x - credit.box[2] : credit.box[0] - x) : Infinity;
    const bottom = beside > 540 * u ? view.height - margin.y : credit.box[1] - 8;
    return {
      box: this.boxFrom(pen, x, width, bottom - height, bottom - spare, true),
      // All that date and numbers may come to take in a film: no label comes or goes because a line grew by a digit.
      kept: this.boxFrom(pen, x, Math.max(width, room), bottom - height, bottom, true),
      draw() {
        let y = bottom - height;
        for (const [text, size, weight, colour] of rows) {
          y += size * 1.3;
          type.draw(text, x, y - size * 0.3, { size, weight, colour, halo: look.halo, haloWidth: 5 * u });
        }
      },
    };
  }

  headRows(frame, state, u, look) {
    const date = this.words.date(frame.t, frame.lang);
    const total = this.words.total(state, frame.lang);
    const era = this.words.eraName(frame.t, frame.lang);
    const rows = date ? [[date, (this.data.meta.precision === 'year' ? 84 : 58) * u, 700, look.text]] : [];
    if (total || this.data.meta.metric) rows.push([total, Math.max(14, 34 * u), 600, look.text]);
    if (this.data.eras.length) rows.push([era, Math.max(12, 26 * u), 600, look.secondary]);
    return rows;
  }

  // Two dates on the two sides of the divider.
  versus(pen, frame, before, margin, parts) {
    const { type, u, view, look, ctx } = pen;
    const x = frame.split * view.width;
    const size = Math.max(15, 40 * u);
    const small = Math.max(11, 22 * u);
    const credit = parts.find((part) => part.layer === 'credit');
    const y = (credit ? credit.box[1] : view.height - margin.y) - 2.6 * small;
    const sides = [
      [this.words.date(before.t, frame.lang), this.words.total(before, frame.lang), 'right', -1],
      [this.words.date(frame.t, frame.lang), this.words.total(this.after, frame.lang), 'left', 1],
    ];
    return {
      box: [x - 330 * u, y - size, x + 330 * u, y + 1.6 * small],
      draw: () => {
        ctx.fillStyle = look.text;
        // The line stops short of the title and the credit where it would run through them.
        const crossed = parts.filter((part) => part.box[0] - 6 * u < x && x < part.box[2] + 6 * u);
        const top = Math.max(0, ...crossed.filter((part) => part.box[3] < view.height / 2).map((part) => part.box[3] + 8 * u));
        const foot = Math.min(view.height, ...crossed.filter((part) => part.box[1] > view.height / 2).map((part) => part.box[1] - 8 * u));
        ctx.fillRect(x - u, top, 2 * u, foot - top);
        for (const [date, total, align, way] of sides) {
          type.draw(date, x + way * 20 * u, y, { size, weight: 700, colour: look.text, align, halo: look.halo, haloWidth: 5 * u });
          type.draw(total, x + way * 20 * u, y + 1.35 * small, { size: small, weight: 400, colour: look.secondary, align, halo: look.halo, haloWidth: 4 * u });
        }
      },
    };
  }

  legend(pen, frame, margin, parts, rows, alpha, samples) {
    const { ctx, type, u, view, look } = pen;
    const size = Math.max(11, 18 * u);
    // A long legend is set closer, so that it stands over less of the map.
    const step = size * (rows.length > 12 ? 1.38 : 1.62);
    const sampleHeight = samples.length ? 2 * this.data.options.radius_of_one * Math.sqrt(samples[samples.length - 1]) * u + 1.3 * size : 0;
    const textWidth = Math.max(...rows.map((row) => type.width(row.text, size, row.head ? 600 : 400) + (row.head ? 0 : 2.1 * size)));
    const width = Math.max(textWidth, samples.length ? 190 * u : 0) + 2 * size;
    const height = rows.length * step + sampleHeight + size * 1.2;
    const credit = parts.find((part) => part.layer === 'credit');
    const title = parts.find((part) => part.layer === 'legend');
    // On a narrow page date and credit fill the foot: there the legend hangs under the title.
    const hangs = view.width <= 560 && title;
    // The chart of systems stands on the left, and two systems leave room on the side of the title.
    const crossed = Boolean(this.data.pair) || (Boolean(this.systems) && type.rtl);
    const below = crossed ? parts.find((part) => part.layer === 'date' && !this.data.pair) : credit;
    const beside = this.data.pair && credit && (type.rtl ? credit.box[2] < view.width - margin.x - width - 12 * u : credit.box[0] > margin.x + width + 12 * u);
    const foot = below || (beside ? null : credit);
    const above = foot ? foot.box[1] - 18 * u : view.height - margin.y;
    const bottom = hangs ? title.box[3] + 60 * u + height : above;
    const x = crossed ? this.start(pen, margin) : this.end(pen, margin);
    const box = this.boxFrom(pen, x, width, bottom - height, bottom, crossed);
    return {
      box,
      draw: () => {
        ctx.globalAlpha = alpha;
        panel(pen, box);
        let y = box[1] + size * 0.6;
        const side = type.rtl ? box[2] - size : box[0] + size;
        const way = type.rtl ? -1 : 1;
        for (const row of rows) {
          y += step;
          const base = y - step * 0.28;
          if (row.mark) drawMark(pen, { x: side + way * size * 0.62, y: base - size * 0.34, r: size * 0.46, ...row.mark(look) });
          if (row.swatch) row.swatch(pen, side + (way < 0 ? -size * 1.3 : 0), base - size * 0.85, size * 1.3, size);
          type.draw(row.text, side + (row.head ? 0 : way * size * 2), base, {
            size, weight: row.head ? 600 : 400, colour: row.head ? look.text : look.secondary,
          });
        }
        if (samples.length) this.drawSamples(pen, frame, samples, box, y, size);
        ctx.globalAlpha = 1;
      },
    };
  }

  // Nested discs on one foot, each with its number: the reader measures by them.
  drawSamples(pen, frame, samples, box, top, size) {
    const { ctx, type, u, look } = pen;
    const k = this.data.options.radius_of_one * u;
    const largest = k * Math.sqrt(samples[samples.length - 1]);
    const foot = top + size * 0.9 + 2 * largest;
    const way = type.rtl ? -1 : 1;
    const x = (type.rtl ? box[2] - size : box[0] + size) + way * largest;
    for (const value of samples) {
      const r = k * Math.sqrt(value);
      ctx.beginPath();
      ctx.arc(x, foot - r, r, 0, 2 * Math.PI);
      ctx.strokeStyle = look.secondary;
      ctx.lineWidth = 1.2 * u;
      ctx.stroke();
      const y = foot - 2 * r;
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x + way * (largest + 0.5 * size), y);
      ctx.stroke();
      type.draw(this.words.number(value, frame.lang), x + way * (largest + 0.75 * size), y + size * 0.34, { size, colour: look.secondary });
    }
  }

  // Scale bar and north, at the end side of the top.
  measure(pen, frame, margin, parts, u) {
    const { ctx, type, view, look } = pen;
    const perMetre = view.pxPerMetre();
    const metres = niceLength((190 * u) / perMetre);
    const length = metres * perMetre;
    const size = Math.max(10, 16 * u);
    const title = parts.find((part) => part.layer === 'legend');
    const narrow = view.width <= 560;
    const top = narrow && title ? title.box[3] + 10 : margin.y;
    const x = this.end(pen, margin);
    const box = this.boxFrom(pen, x, length + 46 * u, top, top + 40 * u, false);
    return {
      box,
      draw: () => {
        const left = box[0];
        const y = top + 26 * u;
        ctx.strokeStyle = look.secondary;
        ctx.lineWidth = 1.6 * u;
        ctx.beginPath();
        ctx.moveTo(left, y - 6 * u);
        ctx.lineTo(left, y);
        ctx.lineTo(left + length, y);
        ctx.lineTo(left + length, y - 6 * u);
        ctx.stroke();
        type.draw(this.words.length(metres, frame.lang), left + length / 2, y - 9 * u, {
          size, colour: look.secondary, align: 'center', halo: look.halo, haloWidth: 3 * u,
        });
        drawNorth(pen, left + length + 30 * u, y + 2 * u, this.words.of('north', frame.lang));
      },
    };
  }

  draw(parts, layer, type) {
    type.layer = layer;
    for (const part of parts) if (part.layer === layer) part.draw();
  }

  drawGuides(pen) {
    const { ctx, view, look, u } = pen;
    ctx.strokeStyle = look.guide;
    ctx.lineWidth = Math.max(1, u);
    for (const share of [ACTION_SAFE, GRAPHICS_SAFE]) {
      ctx.strokeRect(view.width * share, view.height * share, view.width * (1 - 2 * share), view.height * (1 - 2 * share));
    }
    ctx.beginPath();
    ctx.moveTo(view.width / 2 - 20 * u, view.height / 2);
    ctx.lineTo(view.width / 2 + 20 * u, view.height / 2);
    ctx.moveTo(view.width / 2, view.height / 2 - 20 * u);
    ctx.lineTo(view.width / 2, view.height / 2 + 20 * u);
    ctx.stroke();
  }
}

function panel(pen, box) {
  const { ctx, look, u } = pen;
  ctx.fillStyle = look.panel;
  ctx.beginPath();
  ctx.roundRect(box[0], box[1], box[2] - box[0], box[3] - box[1], 3 * u);
  ctx.fill();
}

function niceLength(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  const digit = metres / power;
  return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}

function drawNorth(pen, x, y, letter) {
  const { ctx, type, u, look } = pen;
  ctx.beginPath();
  ctx.moveTo(x, y - 26 * u);
  ctx.lineTo(x + 7 * u, y - 6 * u);
  ctx.lineTo(x, y - 11 * u);
  ctx.lineTo(x - 7 * u, y - 6 * u);
  ctx.closePath();
  ctx.fillStyle = look.secondary;
  ctx.fill();
  type.draw(letter, x, y + 11 * u, { size: Math.max(9, 14 * u), weight: 600, colour: look.secondary, align: 'center', halo: look.halo, haloWidth: 3 * u });
}
