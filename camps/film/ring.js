// The way on which finished pictures leave the browser: a worker copies each out of it, so that drawing the next frame
// and reading the last one overlap. Pixels go into a ring of slots in a file that both sides see ("file"), or through
// the socket itself where the file cannot be found ("socket"). Nothing here decides what a frame looks like.

/** @import { Copied, Job, Message, RingFile, Said, Setup } from './types.d.ts' */

function stageWorker() {
  /** @type {WebSocket} */
  let socket;
  /** @type {RingFile} */
  let file;
  /** @type {Setup} */
  let ring;
  /** @type {OffscreenCanvasRenderingContext2D | null | undefined} draws what comes as an image of an element */
  let pen;
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
    pen = setup.canvas?.getContext("2d");
    for (let slot = 0; slot < ring.slots; slot++) buffers.push(new Uint8Array(ring.bytes));
    if (ring.mode === "file") await openFile();
    socket = new WebSocket(ring.url);
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    await new Promise((done, failed) => {
      socket.onopen = done;
      socket.onerror = () => failed(new Error("the loopback socket did not open"));
    });
  }

  /** @param {Message<unknown>} message */
  function hear(message) {
    if (message.mode) ring.mode = message.mode;
    else postMessage(message);
  }

  /** @param {VideoFrame | ElementImage} image */
  function drawn(image) {
    if (image instanceof VideoFrame) return image;
    if (!pen) throw new Error("the browser gives nothing to paint the page on");
    pen.reset();
    pen.drawElementImage(image, 0, 0);
    image.close();
    return new VideoFrame(pen.canvas, { timestamp: 0 });
  }

  /** @param {Copied} copied */
  async function copy({ slot, image: given, ...told }) {
    const buffer = buffers[slot], image = drawn(given);
    // As the canvas holds them: asking for another order would go through straight alpha and lose precision.
    const order = String(image.format).replace("X", "A");
    await image.copyTo(buffer);
    image.close();
    if (ring.mode === "file") file.write(buffer, { at: slot * ring.bytes });
    socket.send(JSON.stringify({ ...told, slot, order }));
    if (ring.mode === "socket") socket.send(buffer);
  }

  /** @param {{ frame: number, error?: string, isApart?: true }} told */
  const tell = (told) => socket.send(JSON.stringify(told));
  /** @param {MessageEvent<Said>} event */
  self.onmessage = ({ data }) => {
    if ("setup" in data) open(data.setup).then(() => postMessage({ opened: true }), (error) => postMessage({ failed: String(error) }));
    else if ("image" in data) queue = queue.then(() => copy(data)).catch((error) => tell({ frame: data.frame, error: String(error.message || error) }));
    else queue = queue.then(() => tell(data));
  };
}

/** @template Drawn */
export class Stage {
  /** @param {Worker} worker @param {Setup} setup */
  constructor(worker, { slots, bytes }) {
    this.worker = worker;
    this.bytes = bytes;
    /** @type {Job<Drawn>[]} */
    this.jobs = [];
    this.free = Array.from({ length: slots }, (_, slot) => slot);
  }

  /** @param {Said} said @param {Transferable[]} [moved] */
  say(said, moved = []) {
    this.worker.postMessage(said, moved);
  }

  /** @param {number} frame @param {number} slot @param {unknown} error */
  fail(frame, slot, error) {
    this.free.push(slot);
    this.say({ frame, error: String((error instanceof Error && error.message) || error) });
  }

  /** @param {Message<Drawn>} message */
  take({ jobs = [], free }) {
    this.jobs.push(...jobs);
    if (free !== undefined) this.free.push(free);
    while (this.jobs.length && this.free.length) this.draw(this.jobs.splice(0, 1)[0], this.free.splice(0, 1)[0]);
  }

  /** @param {Setup} setup @param {Transferable[]} [moved] @returns {Promise<void>} */
  open(setup, moved = []) {
    return new Promise((done, failed) => {
      this.worker.onmessage = ({ data }) => {
        this.worker.onmessage = (event) => this.take(event.data);
        if (data.opened) done();
        else failed(new Error(data.failed));
      };
      this.say({ setup }, moved);
    });
  }

  /** @param {Job<Drawn>} _job @param {number} _slot */
  draw(_job, _slot) {}
}

export const newWorker = () => new Worker(URL.createObjectURL(new Blob([`(${stageWorker})()`], { type: "text/javascript" })));
