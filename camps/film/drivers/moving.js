// What a browser moves by itself, put to the page's own time: animations of styles and scripts, of SVG, and videos.
import { real } from "./clock.js";
export const moving = (() => {
  /** @type {Set<Animation>} */
  const known = new Set();
  /** @type {WeakMap<HTMLVideoElement, HTMLCanvasElement>} */
  const stills = new WeakMap();

  const animate = Element.prototype.animate;
  Element.prototype.animate = function held(...given) {
    const animation = animate.apply(this, given);
    animation.pause();
    known.add(animation);
    return animation;
  };
  HTMLMediaElement.prototype.play = () => Promise.resolve();

  /** @param {EventTarget} target @param {string} name */
  const heard = (target, name) => new Promise((done) => target.addEventListener(name, done, { once: true }));

  /** @param {HTMLVideoElement} video @param {number} at_s */
  async function show(video, at_s) {
    video.autoplay = false;
    video.pause();
    if (video.readyState < 2 && !video.error) await orError(video, heard(video, "loadeddata"));
    require(video);
    // What has sound alone shows nothing, at any time.
    if (!video.videoWidth) return;
    await begun(video);
    // Half a millisecond later, so that no rounding shows the picture before.
    const wanted = Math.min((video.loop ? at_s % video.duration : at_s) + 0.0005, video.duration);
    if (video.currentTime !== wanted || video.seeking) await seek(video, wanted);
    require(video);
    still(video);
  }

  /** @param {HTMLVideoElement} video */
  function require(video) {
    if (video.error) throw new Error(`the video ${video.currentSrc.slice(0, 100)} cannot be read: ${video.error.message}`);
  }

  /** @param {HTMLVideoElement} video @param {Promise<unknown>} done */
  const orError = (video, done) => Promise.race([done, heard(video, "error")]);

  // A video says that it is at a time before its picture of that time is there; drawn then, it is the picture before.
  /** @param {HTMLVideoElement} video @param {number} wanted_s */
  async function seek(video, wanted_s) {
    const presented = new Promise((done) => video.requestVideoFrameCallback(done));
    const arrived = heard(video, "seeked");
    video.currentTime = wanted_s;
    await orError(video, Promise.all([presented, arrived]));
  }

  // Its first picture too comes after it is said to be there, and would be taken for the one that is asked for next.
  /** @param {HTMLVideoElement} video */
  async function begun(video) {
    while (!stills.has(video) && !video.error && !hasPicture(video)) await new Promise((done) => real.setTimeout(done, 5));
  }

  /** @param {HTMLVideoElement} video */
  function hasPicture(video) {
    try {
      new VideoFrame(video).close();
      return true;
    } catch (error) {
      // Of another server's video a page may not ask.
      return !(error instanceof DOMException && error.name === "InvalidStateError");
    }
  }

  // A screen may still show the video's picture before; a canvas in its place holds the one that was asked for.
  /** @param {HTMLVideoElement} video */
  function still(video) {
    const canvas = stills.get(video) || document.createElement("canvas");
    if (!stills.has(video)) video.after(canvas);
    stills.set(video, canvas);
    Object.assign(canvas, { className: video.className, width: video.videoWidth, height: video.videoHeight });
    canvas.style.cssText = video.style.cssText;
    canvas.style.objectFit = getComputedStyle(video).objectFit;
    video.style.visibility = "hidden";
    canvas.style.visibility = "visible";
    paint(canvas, video);
  }

  /** @param {HTMLCanvasElement} canvas @param {CanvasImageSource} picture */
  function paint(canvas, picture) {
    const pen = canvas.getContext("2d");
    // A browser refuses one that is too large, and any where it has no memory left.
    if (!pen) throw new Error(`the browser gives nothing to draw with on ${canvas.width}×${canvas.height} pixels`);
    pen.drawImage(picture, 0, 0);
  }

  const MOVING = /\.(gif|webp|apng|avif)([?#]|$)|^data:image\/(gif|webp|apng|avif)/i, DRAWN = /\.svg([?#]|$)|^data:image\/svg/i;

  // A picture that moves by a clock of its own shows its first; of an SVG nobody can say which that is.
  /** @param {HTMLImageElement} image */
  async function hold(image) {
    const { src } = image;
    if (!MOVING.test(src) && !DRAWN.test(src)) return;
    const answer = await fetch(src);
    if (DRAWN.test(src)) {
      if (/<animate|<set[\s>]|@keyframes/.test(await answer.text())) throw new Error(`the picture ${src.slice(0, 100)} moves by itself; put its SVG into the page instead of an <img>`);
      return;
    }
    // A server may leave out what it is; then its name says so.
    const [, ending, , named] = MOVING.exec(src) ?? [];
    const decoder = new ImageDecoder({ data: await answer.arrayBuffer(), type: answer.headers.get("Content-Type") ?? `image/${ending ?? named}` });
    await decoder.tracks.ready;
    if (decoder.tracks.selectedTrack?.animated) image.src = await first(decoder);
    decoder.close();
  }

  /** @param {ImageDecoder} decoder */
  async function first(decoder) {
    const { image } = await decoder.decode({ frameIndex: 0 });
    const canvas = Object.assign(document.createElement("canvas"), { width: image.displayWidth, height: image.displayHeight });
    paint(canvas, image);
    image.close();
    return canvas.toDataURL();
  }

  return {
    hold,
    /** @param {number} at_ms */
    async turn(at_ms) {
      for (const animation of document.getAnimations()) known.add(animation);
      for (const animation of known) {
        animation.pause();
        animation.currentTime = at_ms;
      }
      for (const svg of document.querySelectorAll("svg")) {
        if (svg.ownerSVGElement) continue;
        svg.pauseAnimations();
        svg.setCurrentTime(at_ms / 1000);
      }
      for (const video of document.querySelectorAll("video")) await show(video, at_ms / 1000);
    },
  };
})();
