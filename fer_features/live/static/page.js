// What the pages have in common: elements, the token, messages, and the rate of results.

const RATE_WINDOW_MS = 2000;
// Time without a face after which the page says what to do.
const HINT_MS = 2000;
const HINT = "No face is found. Look straight at the camera, come closer, and turn to the light.";

export const element = (id) => document.getElementById(id);
export const token = new URLSearchParams(location.search).get("token") ?? "";

export function say(text, isError = false) {
  const status = element("status");
  status.textContent = text;
  status.hidden = !text;
  status.classList.toggle("error", isError);
}

// A new element with attributes, which are properties, and children.
export function make(tag, properties = {}, ...children) {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...children);
  return one;
}

// Draw a frame and its faces on a canvas, which gets the size of the frame.
export function drawFrame(context, image, [width, height]) {
  const canvas = context.canvas;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.drawImage(image, 0, 0);
}

// Frames per second and median delay over the last seconds.
export class RateMeter {
  constructor() {
    this.times = [];
  }

  // A result is on the screen whose frame was captured at `captured`, in milliseconds.
  add(captured) {
    const now = performance.now();
    this.times.push({ now, delay: now - captured });
    while (this.times[0].now < now - RATE_WINDOW_MS) this.times.shift();
    const delays = this.times.map((one) => one.delay).sort((a, b) => a - b);
    const seconds = (now - this.times[0].now) / 1000;
    element("fps").textContent = seconds ? ((this.times.length - 1) / seconds).toFixed(0) : "–";
    element("delay").textContent = delays[delays.length >> 1].toFixed(0);
  }
}

// What to do while no face is found.
export class FaceHint {
  constructor() {
    this.lastFace = performance.now();
  }

  update(hasFace) {
    const now = performance.now();
    if (hasFace) this.lastFace = now;
    const isShown = now - this.lastFace > HINT_MS;
    const hint = element("hint");
    if (hint.hidden !== isShown) return;
    hint.hidden = !isShown;
    hint.textContent = isShown ? HINT : "";
  }
}
