// The camera of the browser: its frames as JPEG files, each at most once.

const MAX_WIDTH = 640;
const JPEG_QUALITY = 0.9;

export class Camera {
  // `onLost` is called when a camera is disconnected.
  constructor(onLost) {
    this.onLost = onLost;
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.stream = null;
    this.isFresh = false;
    this.wake = null;
  }

  // Start a camera; an empty id is the default one.
  async start(id) {
    this.stop();
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    const video = id ? { ...wanted, deviceId: { exact: id } } : { ...wanted, facingMode: "user" };
    this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    for (const track of this.stream.getTracks()) track.onended = this.onLost;
    this.video.srcObject = this.stream;
    await this.video.play();
    this.watch();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  get id() {
    return this.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  watch() {
    const stream = this.stream;
    const next = (callback) =>
      this.video.requestVideoFrameCallback
        ? this.video.requestVideoFrameCallback(callback)
        : requestAnimationFrame(callback);
    const arrived = () => {
      if (stream !== this.stream) return;
      this.isFresh = true;
      this.wake?.();
      next(arrived);
    };
    next(arrived);
  }

  // The next frame that was not returned before: its time in milliseconds, and a JPEG file.
  async nextFrame() {
    while (!this.isFresh) await new Promise((resolve) => (this.wake = resolve));
    this.isFresh = false;
    const scale = Math.min(1, MAX_WIDTH / this.video.videoWidth);
    const width = Math.round(scale * this.video.videoWidth);
    const height = Math.round(scale * this.video.videoHeight);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const time = performance.now();
    this.context.drawImage(this.video, 0, 0, width, height);
    const file = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    return { time, file };
  }
}

// What a user can do about an error of a camera.
export function cameraFault(error) {
  if (!window.isSecureContext) return "Browsers give a camera only to pages of this machine, or with TLS.";
  if (error.name === "NotAllowedError") return "The camera is not allowed: allow it in the address bar, and reload the page.";
  if (error.name === "NotFoundError") return "No camera was found: connect one, and reload the page.";
  if (error.name === "NotReadableError") return "Another program uses the camera: close it, and reload the page.";
  return `The camera cannot be used: ${error.message}`;
}
