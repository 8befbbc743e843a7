// Paints a page of somebody else on a canvas around its frame: the pixels of its screen, at a third of the work. Whether
// they are is for the stage to prove, which is told when something is on the page that was not there before.

import { Stage, newWorker } from "./ring.js";
import { camps, frame, measure } from "./screen.js";
/** @import { Job, PaintSetup, State } from './types.d.ts' */

// What a browser lays upon the page after drawing it, or does not tell another page: only a screen shows it as it is.
const APART = "canvas, video, iframe, object, embed";
// Names of what a style sets, and hosts of what it, a picture or a link is from.
const NAMED = /[\w-]+:(\/\/[^/\s"')]*)?/g;

/** @extends {Stage<State>} */
class Painter extends Stage {
  /** @type {Set<string>} */
  known = new Set();
  /** @type {Set<string>} pages that only a screen shows as they are */
  apart = new Set();
  turn = Promise.resolve();

  /** @param {PaintSetup} setup */
  constructor(setup) {
    super(newWorker(), setup);
    measure(setup.layout.width, setup.layout.height);
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { layoutSubtree: true, ...setup.size });
    this.canvas.style.cssText = `width: ${setup.size.width / devicePixelRatio}px; height: ${setup.size.height / devicePixelRatio}px`;
    this.canvas.append(frame);
    document.body.append(this.canvas);
  }

  /** @param {Job<State>} job @param {number} slot */
  draw(job, slot) {
    // A slot that came back unused is free for the next.
    this.turn = this.turn.then(() => this.paint(job, slot)).then(() => this.take({}));
  }

  /** @param {Job<State>} job @param {number} slot */
  async paint({ frame: number, state }, slot) {
    try {
      if (!this.apart.has(state.page)) await camps.show(state);
      if (this.apart.has(state.page) || this.isApart()) {
        this.apart.add(state.page);
        this.free.push(slot);
        return this.say({ frame: number, isApart: true });
      }
      const described = camps.describe(), isNew = this.isNew(), image = await this.image();
      this.say({ frame: number, slot, image, described, isNew }, [image]);
    } catch (error) {
      this.fail(number, slot, error);
    }
  }

  get page() {
    if (!frame.contentDocument) throw new Error("the map's page has gone to another address, which cannot be filmed");
    return frame.contentDocument;
  }

  isApart() {
    return !!this.page.querySelector(APART) || this.page.getAnimations().length > 0;
  }

  // Whether something of a kind is on the page that was not there before: an element, with its class, its attributes, what
  // its style sets, and where its picture is from.
  isNew() {
    const before = this.known.size;
    for (const element of this.page.querySelectorAll("*")) {
      const said = ["src", "href", "style"].map((name) => element.getAttribute(name) ?? "").join(" ");
      this.known.add([element.localName, element.getAttribute("class"), ...element.getAttributeNames(), ...(said.match(NAMED) ?? [])].join(" "));
    }
    return this.known.size > before;
  }

  /** @returns {Promise<ElementImage>} */
  image() {
    return new Promise((done, failed) => {
      this.canvas.onpaint = () => {
        this.canvas.onpaint = null;
        try {
          done(this.canvas.captureElementImage(frame));
        } catch (error) {
          failed(error);
        }
      };
      this.canvas.requestPaint();
    });
  }
}

window.painting = {
  canPaint: () => "captureElementImage" in HTMLCanvasElement.prototype,
  /** @param {PaintSetup} setup @param {number} wait_s */
  async open(setup, wait_s) {
    const painter = new Painter(setup), canvas = painter.canvas.transferControlToOffscreen();
    await camps.ready("", wait_s);
    await painter.open({ ...setup, canvas }, [canvas]);
  },
};
