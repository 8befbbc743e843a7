// The far side of the stage: draws one state after another and hands the pixels over.
//
// The page draws; a worker copies each finished canvas out of the browser, so that drawing the next frame and reading
// the last one overlap. Pixels go into a ring of slots in a file that both sides see ("file"), or through the socket
// itself where the file cannot be found ("socket"). Nothing here decides what a frame looks like.

/** @import { Copied, Job, Message, RingFile, Said, Setup } from './types.d.ts' */

function stageWorker() {
  /** @type {WebSocket} */
  let socket;
  /** @type {RingFile} */
  let file;
  /** @type {Setup} */
  let ring;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const buffers = [];
  let queue = Promise.resolve();

  async function openFile() {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("ring", { create: true });
    file = await handle.createSyncAccessHandle();
    file.truncate(ring.slots * ring.bytes);
    file.write(new TextEncoder().encode(ring.nonce), { at: 0 });
    file.flush();
  }

  /** @param {Setup} setup */
  async function open(setup) {
    ring = setup;
    for (let slot = 0; slot < ring.slots; slot++) buffers.push(new Uint8Array(ring.bytes));
    if (ring.mode === "file") await openFile();
    socket = new WebSocket(ring.url);
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    await new Promise((done, failed) => {
      socket.onopen = done;
      socket.onerror = () => failed(new Error("the loopback socket did not open"));
    });
  }

  /** @param {Message} message */
  function hear(message) {
    if (message.mode) ring.mode = message.mode;
    else postMessage(message);
  }

  /** @param {Copied} copied */
  async function copy({ frame, slot, image, described }) {
    const buffer = buffers[slot];
    // As the canvas holds them: asking for another order would go through straight alpha and lose precision.
    const order = String(image.format).replace("X", "A");
    await image.copyTo(buffer);
    image.close();
    if (ring.mode === "file") file.write(buffer, { at: slot * ring.bytes });
    socket.send(JSON.stringify({ frame, slot, order, described }));
    if (ring.mode === "socket") socket.send(buffer);
  }

  /** @param {number} frame @param {string} error */
  const tell = (frame, error) => socket.send(JSON.stringify({ frame, error }));
  /** @param {MessageEvent<Said>} event */
  self.onmessage = ({ data }) => {
    if ("setup" in data) open(data.setup).then(() => postMessage({ opened: true }), (error) => postMessage({ failed: String(error) }));
    else if ("error" in data) tell(data.frame, data.error);
    else queue = queue.then(() => copy(data)).catch((error) => tell(data.frame, String(error.message || error)));
  };
}

class Stage {
  /** @param {Worker} worker @param {Setup} setup */
  constructor(worker, { slots, bytes }) {
    this.worker = worker;
    this.bytes = bytes;
    /** @type {Job[]} */
    this.jobs = [];
    this.free = Array.from({ length: slots }, (_, slot) => slot);
  }

  /** @param {Said} said @param {Transferable[]} [moved] */
  say(said, moved = []) {
    this.worker.postMessage(said, moved);
  }

  /** @param {Message} message */
  take({ jobs = [], free }) {
    this.jobs.push(...jobs);
    if (free !== undefined) this.free.push(free);
    while (this.jobs.length && this.free.length) this.draw(this.jobs.splice(0, 1)[0], this.free.splice(0, 1)[0]);
  }

  /** @param {Job} job @param {number} slot */
  draw({ frame, state }, slot) {
    const { camps } = window;
    try {
      camps.setFrame(state);
      const { width, height } = camps.canvas;
      if (width * height * 4 !== this.bytes) throw new Error(`the page drew ${width}×${height} pixels, not the size asked for`);
      const image = new VideoFrame(camps.canvas, { timestamp: 0 });
      this.say({ frame, slot, image, described: camps.describe() }, [image]);
    } catch (error) {
      this.free.push(slot);
      this.say({ frame, error: String((error instanceof Error && error.message) || error) });
    }
  }
}

window.stage = {
  async open(setup) {
    const worker = new Worker(URL.createObjectURL(new Blob([`(${stageWorker})()`], { type: "text/javascript" })));
    const stage = new Stage(worker, setup);
    // Nobody looks at this window: what it does not show, the browser need not compose for it.
    document.body.style.display = "none";
    await new Promise((done, failed) => {
      worker.onmessage = ({ data }) => (data.opened ? done(data) : failed(new Error(data.failed)));
      stage.say({ setup });
    });
    worker.onmessage = ({ data }) => stage.take(data);
  },
};
