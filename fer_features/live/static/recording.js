// Recording in the browser: the results as CSV, and the images as WebM.

const COLUMNS = ["frame", "timestamp", "face_id", "x", "y", "width", "height", "confidence", "status", "expression", "neutral_distance"];

export class Recording {
  constructor(canvas, classes) {
    this.classes = classes;
    this.lines = [[...COLUMNS, ...classes.map((name) => `probability_${name}`)].map(cell).join(",")];
    this.start = performance.now();
    this.blocks = [];
    this.recorder = null;
    if (window.MediaRecorder && canvas.captureStream) {
      this.recorder = new MediaRecorder(canvas.captureStream(), { mimeType: "video/webm" });
      this.recorder.ondataavailable = (event) => this.blocks.push(event.data);
      this.recorder.start(1000);
    }
  }

  get seconds() {
    return (performance.now() - this.start) / 1000;
  }

  add(answer) {
    const faces = answer.faces.length ? answer.faces : [{ status: "no face" }];
    for (const face of faces) {
      const values = [answer.frame, answer.time.toFixed(3), face.face_id, ...(face.box ?? ["", "", "", ""]), face.confidence, face.status, face.expression, face.neutral_distance];
      const probabilities = this.classes.map((name) => face.probabilities?.[name]);
      this.lines.push([...values, ...probabilities].map(cell).join(","));
    }
  }

  // The files: name and content.
  async stop() {
    const name = `expressions-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}`;
    const files = [[`${name}.csv`, new Blob([this.lines.join("\n"), "\n"], { type: "text/csv" })]];
    if (this.recorder) {
      const stopped = new Promise((resolve) => (this.recorder.onstop = resolve));
      this.recorder.stop();
      await stopped;
      files.push([`${name}.webm`, new Blob(this.blocks, { type: "video/webm" })]);
    }
    return files;
  }
}

// A value in CSV; spreadsheets must not take a name for a formula.
function cell(value) {
  let text = value === undefined || value === null ? "" : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
