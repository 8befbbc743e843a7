// A drawing context that writes SVG: just what the stage uses of a canvas, so that a plate is drawn by the same code.

/** @import { Attributes, Context, Paper } from './types.d.ts' */

/** @type {Record<string, string>} */
const SVG_ALIGN = { left: 'start', right: 'end', center: 'middle', start: 'start', end: 'end' };
/** @type {Array<keyof SvgContext>} */
const SVG_STATE = ['fillStyle', 'strokeStyle', 'lineWidth', 'lineJoin', 'lineCap', 'miterLimit', 'globalAlpha', 'font', 'direction', 'textAlign', 'letterSpacing', 'lang'];

class SvgContext {
  /** @param {Context} ruler */
  constructor(ruler) {
    // A canvas of its own measures text, so that lines break where the picture breaks them.
    this.ruler = ruler;
    this.fillStyle = '#000';
    this.strokeStyle = '#000';
    this.lineWidth = 1;
    this.miterLimit = 10;
    this.globalAlpha = 1;
    this.font = '10px sans-serif';
    this.letterSpacing = '0px';
    this.lang = '';
    this.lineJoin = /** @type {CanvasLineJoin} */ ('miter');
    this.lineCap = /** @type {CanvasLineCap} */ ('butt');
    this.direction = /** @type {CanvasDirection} */ ('ltr');
    this.textAlign = /** @type {CanvasTextAlign} */ ('start');
    this.dash = /** @type {number[]} */ ([]);
    this.path = /** @type {string[]} */ ([]);
    this.parts = /** @type {string[]} */ ([]);
    this.definitions = /** @type {string[]} */ ([]);
    /** @type {Map<HTMLCanvasElement | HTMLImageElement, string>} */
    this.pictures = new Map();
    this.saved = /** @type {Array<Pick<SvgContext, 'open' | 'dash'>>} */ ([]);
    this.open = 0;
  }

  save() {
    this.saved.push({ open: this.open, dash: this.dash, ...Object.fromEntries(SVG_STATE.map((name) => [name, this[name]])) });
  }

  restore() {
    const state = this.saved.pop();
    if (!state) return;
    for (; this.open > state.open; this.open -= 1) this.parts.push('</g>');
    Object.assign(this, state);
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash;
  }

  beginPath() {
    this.path = [];
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.path.push(`M${short(x)} ${short(y)}`);
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.path.push(`${this.path.length ? 'L' : 'M'}${short(x)} ${short(y)}`);
  }

  closePath() {
    this.path.push('Z');
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  rect(x, y, width, height) {
    this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height @param {number} r */
  roundRect(x, y, width, height, r) {
    /** @param {number} dx @param {number} dy */
    const corner = (dx, dy) => `a${short(r)} ${short(r)} 0 0 1 ${short(dx)} ${short(dy)}`;
    this.path.push(`M${short(x + r)} ${short(y)}h${short(width - 2 * r)}${corner(r, r)}v${short(height - 2 * r)}${corner(-r, r)}`
      + `h${short(2 * r - width)}${corner(-r, -r)}v${short(2 * r - height)}${corner(r, -r)}Z`);
  }

  // Clockwise, as every arc of the stage; SVG cannot draw a whole circle in one piece.
  /** @param {number} x @param {number} y @param {number} r @param {number} from @param {number} to */
  arc(x, y, r, from, to) {
    /** @param {number} angle */
    const at = (angle) => `${short(x + r * Math.cos(angle))} ${short(y + r * Math.sin(angle))}`;
    const middle = (from + to) / 2;
    /** @param {number} end */
    const piece = (end) => `A${short(r)} ${short(r)} 0 0 1 ${at(end)}`;
    this.path.push(`${this.path.length ? 'L' : 'M'}${at(from)}${piece(middle)}${piece(to)}${to - from >= 2 * Math.PI - 1e-9 ? 'Z' : ''}`);
  }

  fill(rule = 'nonzero') {
    this.add('path', { d: this.path.join(''), fill: this.fillStyle, 'fill-rule': rule === 'evenodd' ? rule : null, opacity: this.alpha() });
  }

  stroke() {
    this.add('path', { d: this.path.join(''), fill: 'none', ...this.pen() });
  }

  pen() {
    return { stroke: this.strokeStyle, 'stroke-width': short(this.lineWidth), 'stroke-linejoin': this.lineJoin, 'stroke-linecap': this.lineCap,
      'stroke-miterlimit': this.miterLimit, 'stroke-dasharray': this.dash.length ? this.dash.map(short).join(' ') : null, opacity: this.alpha() };
  }

  alpha() {
    return this.globalAlpha < 1 ? short(this.globalAlpha, 3) : null;
  }

  clip(rule = 'nonzero') {
    const id = `c${this.definitions.length}`;
    this.definitions.push(`<clipPath id="${id}"><path d="${this.path.join('')}" clip-rule="${rule}"/></clipPath>`);
    this.parts.push(`<g clip-path="url(#${id})">`);
    this.open += 1;
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    this.add('rect', { x: short(x), y: short(y), width: short(width), height: short(height), fill: this.fillStyle, opacity: this.alpha() });
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  strokeRect(x, y, width, height) {
    this.add('rect', { x: short(x), y: short(y), width: short(width), height: short(height), fill: 'none', ...this.pen() });
  }

  /** @param {string} text */
  measureText(text) {
    const { font, direction, lang, letterSpacing } = this;
    Object.assign(this.ruler, { font, direction, lang, letterSpacing });
    return this.ruler.measureText(text);
  }

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    this.write(text, x, y, { fill: this.fillStyle, opacity: this.alpha() });
  }

  /** @param {string} text @param {number} x @param {number} y */
  strokeText(text, x, y) {
    this.write(text, x, y, { fill: 'none', ...this.pen() });
  }

  // In text that runs to the left, SVG's start and end are the right and the left side, as they are on a canvas.
  /** @param {string} text @param {number} x @param {number} y @param {Attributes} paint */
  write(text, x, y, paint) {
    const [, style, weight, size, family] = /^(\S+) (\S+) (\S+?)px (.*)$/.exec(this.font) ?? ['', 'normal', '400', '10', this.font];
    const rtl = this.direction === 'rtl';
    const ends = rtl ? { ...SVG_ALIGN, left: 'end', right: 'start' } : SVG_ALIGN;
    const spacing = parseFloat(this.letterSpacing);
    this.add('text', { x: short(x), y: short(y), 'font-family': family, 'font-size': short(Number(size)), 'font-weight': weight,
      'font-style': style === 'normal' ? null : style, direction: rtl ? 'rtl' : null, 'text-anchor': ends[this.textAlign], 'letter-spacing': spacing || null,
      lang: this.lang || null, ...paint }, text);
  }

  // A picture that is drawn twice is held once.
  /** @param {HTMLCanvasElement | HTMLImageElement} image @param {number} x @param {number} y @param {number} width @param {number} height */
  drawImage(image, x, y, width, height) {
    if (!this.pictures.has(image)) {
      const id = `p${this.definitions.length}`;
      const source = image instanceof HTMLCanvasElement ? image.toDataURL() : image.src;
      this.definitions.push(`<image id="${id}" width="1" height="1" preserveAspectRatio="none" href="${source}"/>`);
      this.pictures.set(image, id);
    }
    this.add('use', { href: `#${this.pictures.get(image)}`, transform: `translate(${short(x)} ${short(y)}) scale(${short(width)} ${short(height)})`, opacity: this.alpha() });
  }

  /** @param {string} tag @param {Attributes} attributes @param {string} [text] */
  add(tag, attributes, text = '') {
    const said = Object.entries(attributes).filter(([, value]) => value !== null).map(([name, value]) => ` ${name}="${escaped(value)}"`).join('');
    this.parts.push(text ? `<${tag}${said}>${escaped(text)}</${tag}>` : `<${tag}${said}/>`);
  }

  /** @param {Paper} paper */
  text({ width, height, paper, title, style }) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${paper[0]}mm" height="${paper[1]}mm" viewBox="0 0 ${short(width)} ${short(height)}" role="img"><title>${escaped(title)}</title>`
      + `<style>${style}</style><defs>${this.definitions.join('')}</defs>${this.parts.join('\n')}${'</g>'.repeat(this.open)}</svg>\n`;
  }
}

/** @param {number} value @param {number} [digits] */
const short = (value, digits = 2) => String(Number(value.toFixed(digits)));

// What XML cannot hold, as camps.files.xml_text has it: such a plate would open nowhere.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is meant
const NOT_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/** @param {unknown} value */
const escaped = (value) => String(value).replace(NOT_XML, ' ').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

// One frame as SVG text: `paper` is its size in millimetres, `style` holds the fonts.
window.campsSvg = (stage, frame, paper, style) => {
  const ruler = document.createElement('canvas').getContext('2d');
  if (!ruler) throw new Error('camps: the browser gives nothing to measure text with');
  const context = new SvgContext(ruler);
  stage.drawOn(context, frame);
  return context.text({ width: frame.width, height: frame.height, paper, style, title: stage.words.meta('title', stage.complete(frame).lang) });
};
