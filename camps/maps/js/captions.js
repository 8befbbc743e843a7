// Lines of narration and lower thirds, which a film lays over the map for a time.

/** @import { Furniture } from './furniture.js' */
/** @import { Caption } from './payload.d.ts' */
/** @import { Type } from './text.js' */
/** @import { Block, Box, Frame, Pen, Stacked, Standing } from './types.d.ts' */

// The width that a caption may take: shares of that of a picture at least so many heights wide, and of any other.
const WIDE = 1.2;
const CAPTION_ROOM = { wide: 0.45, other: 0.86 };
// Between a caption and what stands beside it, above or below.
const CAPTION_GAP = 22;
// Its two parts: the piece of the furniture, the key of the shot, and the lines that it may have.
/** @type {Array<['captions' | 'line', 'text' | 'line', number]>} */
const CAPTION_PARTS = [['captions', 'text', 3], ['line', 'line', 2]];

/** @param {Pen} pen */
const isWide = ({ view }) => view.width / view.height >= WIDE;

export class Captions {
  /** @param {Furniture} furniture */
  constructor(furniture) {
    this.furniture = furniture;
    /** @type {Map<string, string[]>} */
    this.broken = new Map();
  }

  // The caption of this moment. Its room is that of the largest in the film, all the time: nothing moves when another
  // comes, and no label makes way for it.
  /** @param {Pen} pen @param {Frame} frame @param {() => Box[]} taken what else stands in the picture @returns {Standing[]} */
  layout(pen, frame, taken) {
    const { furniture } = this;
    const { captions = [] } = furniture.data;
    const { at, margin, alpha, backing, show } = furniture.spec(pen, 'captions');
    if (!captions.length || !pen.safe || !frame.layers.captions || show === false) return [];
    const blocks = captions.map((caption, i) => this.block(pen, frame, caption, `captions.${i + 1}`));
    const [shown] = frame.captions ?? [];
    const block = blocks[shown?.at ?? 0];
    /** @type {Stacked} */
    const stacked = { ...block, layer: 'captions', alpha: alpha * (shown?.alpha ?? 0), backing, at: at.split(' '), margin: furniture.margin(pen, margin) };
    const [width, height] = [Math.max(...blocks.map((one) => one.width)), Math.max(...blocks.map((one) => one.height))];
    const kept = this.place(pen, { ...stacked, width, height }, taken());
    // It stands on the foot of its room where that is at the foot of the picture, and hangs from the top elsewhere.
    const part = furniture.put(pen, stacked, stacked.at[0] === 'bottom' ? kept[3] - block.height : kept[1]);
    return [{ ...part, joined: kept, kept }];
  }

  /** @param {Pen} pen @param {Frame} frame @param {Caption} caption @param {string} key @returns {Block} */
  block(pen, frame, caption, key) {
    const type = this.furniture.typeOf(pen, frame.label_lang, 'captions');
    const room = pen.view.width * CAPTION_ROOM[isWide(pen) ? 'wide' : 'other'];
    const parts = CAPTION_PARTS.flatMap(([piece, part, most]) => {
      const { size, weight } = this.furniture.spec(pen, piece);
      const text = this.furniture.words.said(caption[part], frame.label_lang);
      if (!text) return [];
      const lines = this.wrap(type, text, [room, size, weight]);
      if (lines.length > most || lines.some((line) => type.width(line, size, weight) > room)) throw new Error(`camps.setFrame: ${key}.${part} “${text}” (${frame.label_lang}) has no room in ${most} lines of ${Math.round(room)} px at 1080 lines; shorten it`);
      return this.furniture.lines({ ...pen, type }, piece, lines);
    });
    return {
      piece: 'captions', width: Math.max(...parts.map(({ width }) => width)), height: parts.reduce((sum, { height }) => sum + height, 0),
      draw: ([left, top, right]) => {
        let y = top;
        for (const { draw, height } of parts) {
          draw([left, y, right, y + height]);
          y += height;
        }
      },
    };
  }

  // Broken once, and where the text is: a film asks for the lines of all its captions in every picture.
  /** @param {Type} type @param {string} text @param {[number, number, number]} set width, size and weight */
  wrap(type, text, set) {
    const key = JSON.stringify([type.lang, type.family, text, ...set]);
    const lines = this.broken.get(key) ?? text.trim().split(/\s*\n\s*/).flatMap((part) => type.wrap(part, ...set));
    this.broken.set(key, lines);
    return lines;
  }

  // At the foot above all that stands there, else below it. A wide picture has room beside it, another one has none.
  /** @param {Pen} pen @param {Stacked} room @param {Box[]} taken @returns {Box} */
  place(pen, room, taken) {
    const rises = room.at[0] === 'bottom';
    const gap = CAPTION_GAP * pen.u;
    let { box } = this.furniture.put(pen, room, this.furniture.topOf(pen, [room], room.height, []));
    for (const other of [...taken].sort((a, b) => (rises ? b[3] - a[3] : a[1] - b[1]))) {
      const beside = isWide(pen) && (other[2] + gap <= box[0] || box[2] + gap <= other[0]);
      const apart = other[3] + gap <= box[1] || box[3] + gap <= other[1];
      if (!beside && !apart) ({ box } = this.furniture.put(pen, room, rises ? other[1] - gap - room.height : other[3] + gap));
    }
    const { margin: { top, bottom } } = room;
    if (box[1] < top - 1 || box[3] > pen.view.height - bottom + 1) throw new Error(`camps.setFrame: captions have no room at "${room.at.join(' ')}"; shorten the longest, or place them or what stands there elsewhere ([furniture])`);
    return box;
  }
}
