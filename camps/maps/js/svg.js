// A drawing context that writes SVG: just what the stage uses of a canvas, so that a plate is drawn by the same code.

const SVG_ALIGN = { left: 'start', right: 'end', center: 'middle', start: 'start', end: 'end' };
const SVG_STATE = ['fillStyle', 'strokeStyle', 'lineWidth', 'lineJoin', 'lineCap', 'miterLimit', 'globalAlpha', 'font', 'direction', 'textAlign', 'letterSpacing', 'lang'];

class SvgContext {
  constructor(ruler) {
    // A canvas of its own measures text, so that lines break where the picture breaks them.
    this.ruler = ruler;
    Object.assign(this, { fillStyle: '#000', strokeStyle: '#000', lineWidth: 1, lineJoin: 'miter', lineCap: 'butt', miterLimit: 10,
      globalAlpha: 1, font: '10px sans-serif', direction: 'ltr', textAlign: 'start', letterSpacing: '0px', lang: '' });
    this.dash = [];
    this.path = [];
    this.parts = [];
    this.definitions = [];
    this.pictures = new Map();
    this.saved = [];
    this.open = 0;
  }

  save() {
    this.saved.push({ open: this.open, dash: this.dash, ...Object.fromEntries(SVG_STATE.map((name) => [name, this[name]])) });
  }

  restore() {
    const state = this.saved.pop();
    for (; this.open > state.open; this.open -= 1) this.parts.push('</g>');
    Object.assign(this, state);
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  beginPath() {
    this.path = [];
  }

  moveTo(x, y) {
    this.path.push(`M${short(x)} ${short(y)}`);
  }

  lineTo(x, y) {
    this.path.push(`${this.path.length ? 'L' : 'M'}${short(x)} ${short(y)}`);
  }

  closePath() {
    this.path.push('Z');
  }

  rect(x, y, width, height) {
    this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`);
  }

  roundRect(x, y, width, height, r) {
    const corner = (dx, dy) => `a${short(r)} ${short(r)} 0 0 1 ${short(dx)} ${short(dy)}`;
    this.path.push(`M${short(x + r)} ${short(y)}h${short(width - 2 * r)}${corner(r, r)}v${short(height - 2 * r)}${corner(-r, r)}`
      + `h${short(2 * r - width)}${corner(-r, -r)}v${short(2 * r - height)}${corner(r, -r)}Z`);
  }

  // Clockwise, as every arc of the stage; SVG cannot draw a whole circle in one piece.
  arc(x, y, r, from, to) {
    const at = (angle) => `${short(x + r * Math.cos(angle))} ${short(y + r * Math.sin(angle))}`;
    const middle = (from + to) / 2;
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

  fillRect(x, y, width, height) {
    this.add('rect', { x: short(x), y: short(y), width: short(width), height: short(height), fill: this.fillStyle, opacity: this.alpha() });
  }

  strokeRect(x, y, width, height) {
    this.add('rect', { x: short(x), y: short(y), width: short(width), height: short(height), fill: 'none', ...this.pen() });
  }

  measureText(text) {
    for (const name of ['font', 'direction', 'lang', 'letterSpacing']) this.ruler[name] = this[name];
    return this.ruler.measureText(text);
  }

  fillText(text, x, y) {
    this.write(text, x, y, { fill: this.fillStyle, opacity: this.alpha() });
  }

  strokeText(text, x, y) {
    this.write(text, x, y, { fill: 'none', ...this.pen() });
  }

  // In text that runs to the left, SVG's start and end are the right and the left side, as they are on a canvas.
  write(text, x, y, paint) {
    const [style, weight, size, family] = this.font.match(/^(\S+) (\S+) (\S+?)px (.*)$/).slice(1);
    const rtl = this.direction === 'rtl';
    const anchor = { left: rtl ? 'end' : 'start', right: rtl ? 'start' : 'end' }[this.textAlign] || SVG_ALIGN[this.textAlign];
    const spacing = parseFloat(this.letterSpacing);
    this.add('text', { x: short(x), y: short(y), 'font-family': family, 'font-size': short(Number(size)), 'font-weight': weight,
      'font-style': style === 'normal' ? null : style, direction: rtl ? 'rtl' : null, 'text-anchor': anchor, 'letter-spacing': spacing || null,
      lang: this.lang || null, ...paint }, text);
  }

  // A picture that is drawn twice is held once.
  drawImage(image, x, y, width, height) {
    if (!this.pictures.has(image)) {
      const id = `p${this.definitions.length}`;
      const source = image instanceof HTMLCanvasElement ? image.toDataURL() : image.src;
      this.definitions.push(`<image id="${id}" width="1" height="1" preserveAspectRatio="none" href="${source}"/>`);
      this.pictures.set(image, id);
    }
    this.add('use', { href: `#${this.pictures.get(image)}`, transform: `translate(${short(x)} ${short(y)}) scale(${short(width)} ${short(height)})`, opacity: this.alpha() });
  }

  add(tag, attributes, text = '') {
    const said = Object.entries(attributes).filter(([, value]) => value !== null).map(([name, value]) => ` ${name}="${escaped(value)}"`).join('');
    this.parts.push(text ? `<${tag}${said}>${escaped(text)}</${tag}>` : `<${tag}${said}/>`);
  }

  text({ width, height, paper, title, style }) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${paper[0]}mm" height="${paper[1]}mm" viewBox="0 0 ${short(width)} ${short(height)}" role="img"><title>${escaped(title)}</title>`
      + `<style>${style}</style><defs>${this.definitions.join('')}</defs>${this.parts.join('\n')}${'</g>'.repeat(this.open)}</svg>\n`;
  }
}

const short = (value, digits = 2) => String(Number(value.toFixed(digits)));

// What XML cannot hold, as camps.files.xml_text has it: such a plate would open nowhere.
const NOT_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

const escaped = (value) => String(value).replace(NOT_XML, ' ').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

// One frame as SVG text: `paper` is its size in millimetres, `style` holds the fonts.
window.campsSvg = (stage, frame, paper, style) => {
  const context = new SvgContext(document.createElement('canvas').getContext('2d'));
  stage.drawOn(context, frame);
  return context.text({ width: frame.width, height: frame.height, paper, style, title: stage.words.meta('title', stage.last.frame.lang) });
};
