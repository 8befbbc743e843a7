// The far side of the stage: draws one state after another and hands the pixels over.

import { Stage, newWorker } from "./ring.js";
/** @import { CanvasJob } from './types.d.ts' */

/** @extends {Stage<CanvasJob['state']>} */
class CanvasStage extends Stage {
  /** @param {CanvasJob} job @param {number} slot */
  draw({ frame, state }, slot) {
    const { camps } = window;
    try {
      camps.setFrame(state);
      const { width, height } = camps.canvas;
      if (width * height * 4 !== this.bytes) throw new Error(`the page drew ${width}×${height} pixels, not the size asked for`);
      const image = new VideoFrame(camps.canvas, { timestamp: 0 });
      this.say({ frame, slot, image, described: camps.describe() }, [image]);
    } catch (error) {
      this.fail(frame, slot, error);
    }
  }
}

window.stage = {
  async open(setup) {
    // Nobody looks at this window: what it does not show, the browser need not compose for it.
    document.body.style.display = "none";
    await new CanvasStage(newWorker(), setup).open(setup);
  },
};
