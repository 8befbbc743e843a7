// What a browser moves by itself, put to the page's own time: animations of styles and scripts, of SVG, and videos.
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
    if (video.readyState < 2 && !video.error) await Promise.race([heard(video, "loadeddata"), heard(video, "error")]);
    if (video.error) throw new Error(`the video ${video.currentSrc.slice(0, 100)} cannot be read: ${video.error.message}`);
    // Half a millisecond later, so that no rounding shows the picture before.
    const wanted = Math.min((video.loop ? at_s % video.duration : at_s) + 0.0005, video.duration);
    if (video.currentTime !== wanted || video.seeking) {
      video.currentTime = wanted;
      await heard(video, "seeked");
    }
    still(video);
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
