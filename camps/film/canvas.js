// The far side of the stage: draws one state after another and hands the pixels over.
//
// The page draws; a worker copies each finished canvas out of the browser, so that drawing the next frame and reading
// the last one overlap. Pixels go into a ring of slots in a file that both sides see ("file"), or through the socket
// itself where the file cannot be found ("socket"). Nothing here decides what a frame looks like.
"use strict";

function stageWorker() {
  let socket, file, bytes, mode;
  const buffers = [];
  let queue = Promise.resolve();

  async function openFile(size, nonce) {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("ring", { create: true });
    file = await handle.createSyncAccessHandle();
    file.truncate(size);
    file.write(new TextEncoder().encode(nonce), { at: 0 });
    file.flush();
  }

  async function open(setup) {
    bytes = setup.bytes;
    mode = setup.mode;
    for (let slot = 0; slot < setup.slots; slot++) buffers.push(new Uint8Array(bytes));
    if (mode === "file") await openFile(setup.slots * bytes, setup.nonce);
    socket = new WebSocket(setup.url);
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    await new Promise((done, failed) => {
      socket.onopen = done;
      socket.onerror = () => failed(new Error("the loopback socket did not open"));
    });
  }

  function hear(message) {
    if (message.mode) mode = message.mode;
    else postMessage(message);
  }

  async function copy({ frame, slot, image, described }) {
    const buffer = buffers[slot];
    // As the canvas holds them: asking for another order would go through straight alpha and lose precision.
    const order = image.format.replace("X", "A");
    await image.copyTo(buffer);
    image.close();
    if (mode === "file") file.write(buffer, { at: slot * bytes });
    socket.send(JSON.stringify({ frame, slot, order, described }));
    if (mode === "socket") socket.send(buffer);
  }

  const tell = (frame, error) => socket.send(JSON.stringify({ frame, error: String((error && error.message) || error) }));
  onmessage = ({ data }) => {
    if (data.setup) open(data.setup).then(() => postMessage({ opened: true }), (error) => postMessage({ failed: String(error) }));
    else if (data.error) tell(data.frame, data.error);
    else queue = queue.then(() => copy(data)).catch((error) => tell(data.frame, error));
  };
}

window.stage = {
  async open(setup) {
    const source = `(${stageWorker})()`;
    this.worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    this.bytes = setup.bytes;
    this.jobs = [];
    // Nobody looks at this window: what it does not show, the browser need not compose for it.
    document.body.style.display = "none";
    this.free = Array.from({ length: setup.slots }, (_, slot) => slot);
    await new Promise((done, failed) => {
      this.worker.onmessage = ({ data }) => (data.opened ? done() : failed(new Error(data.failed)));
      this.worker.postMessage({ setup });
    });
    this.worker.onmessage = ({ data }) => this.take(data);
  },
  take(message) {
    if (message.jobs) this.jobs.push(...message.jobs);
    if (message.free !== undefined) this.free.push(message.free);
    while (this.jobs.length && this.free.length) this.draw(this.jobs.shift(), this.free.shift());
  },
  draw({ frame, state }, slot) {
    try {
      camps.setFrame(state);
      const { width, height } = camps.canvas;
      if (width * height * 4 !== this.bytes) throw new Error(`the page drew ${width}×${height} pixels, not the size asked for`);
      const image = new VideoFrame(camps.canvas, { timestamp: 0 });
      this.worker.postMessage({ frame, slot, image, described: camps.describe() }, [image]);
    } catch (error) {
      this.free.push(slot);
      this.worker.postMessage({ frame, error: String((error && error.message) || error) });
    }
  },
};
