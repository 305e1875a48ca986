import { Camera, cameraFault } from "./camera.js";
import { Connection } from "./connection.js";
import { Bars, Timeline, drawFaces } from "./drawing.js";
import { FaceHint, RateMeter, drawFrame, element, make, say, token } from "./page.js";
import { Recording } from "./recording.js";

// A screen reader announces a new expression after this time at the earliest.
const ANNOUNCE_MS = 2000;

const camera = new Camera(() => say("The camera was disconnected: connect it, and reload the page.", true));
const view = element("view");
const context = view.getContext("2d", { alpha: false });
const start = performance.now();
const rate = new RateMeter();
const hint = new FaceHint();

let connection = null;
let bars = null;
let timeline = null;
let classes = [];
let recording = null;
let announced = { text: "", time: 0 };

function hello(message) {
  say("");
  element("model-line").textContent = `Model: ${message.model}`;
  element("storage").textContent = message.is_recorded
    ? "This server stores the images and results of this page."
    : "Images are processed on this server and not stored.";
  element("no-probabilities").hidden = message.has_probabilities;
  element("bars").hidden = !message.has_probabilities;
  if (String(message.classes) === String(classes)) return;
  classes = message.classes;
  bars = new Bars(element("bars"), classes);
  timeline = new Timeline(element("timeline"), classes);
}

function connect(model) {
  connection?.close();
  classes = [];
  connection = new Connection("live", { token, model }, {
    hello,
    lost: () => say("The connection was lost. It is opened again.", true),
    refused: (text) => say(text, true),
  });
}

function show(frame, answer) {
  drawFrame(context, camera.canvas, answer.size);
  drawFaces(context, answer.faces, element("landmarks").checked);
  const face = answer.faces.find((one) => one.box);
  const state = face ? face.expression || face.status : "no face";
  element("expression").textContent = state;
  element("expression").dataset.frame = answer.frame;
  bars.show(face?.probabilities ?? {});
  timeline.add(frame.time, state, face?.probabilities ?? {});
  element("distance-item").hidden = !face || face.neutral_distance === null;
  element("distance").textContent = face?.neutral_distance?.toFixed(3) ?? "–";
  element("pose-item").hidden = !face?.geometry;
  for (const angle of ["yaw", "pitch", "roll"]) {
    element(angle).textContent = face?.geometry ? Math.round(face.geometry[angle]) || 0 : ""; // no -0
  }
  recording?.add(answer);
  rate.add(frame.time);
  hint.update(Boolean(face));
  if (recording) element("recorded").textContent = `${recording.seconds.toFixed(0)} s recorded`;
  const now = performance.now();
  if (state !== announced.text && now - announced.time > ANNOUNCE_MS) {
    announced = { text: state, time: now };
    view.setAttribute("aria-label", `Camera image: ${state}`);
  }
}

async function run() {
  for (;;) {
    const frame = await camera.nextFrame();
    let answer;
    try {
      answer = await connection.frame((frame.time - start) / 1000, frame.file);
    } catch {
      continue; // the connection is opened again
    }
    if (answer.type === "result") show(frame, answer);
    else say(answer.error, true);
  }
}

async function startCamera(id) {
  try {
    await camera.start(id);
  } catch (error) {
    say(cameraFault(error), true);
    element("expression").textContent = "no camera";
    return;
  }
  const select = element("camera");
  const devices = await camera.list();
  select.replaceChildren(...devices.map((device, i) => new Option(device.label || `camera ${i + 1}`, device.deviceId)));
  select.value = camera.id;
}

async function stopRecording() {
  const files = await recording.stop();
  recording = null;
  for (const [name, content] of files) {
    const link = make("a", { href: URL.createObjectURL(content), download: name });
    link.textContent = `${name} (${Math.ceil(content.size / 1000)} kB)`;
    element("downloads").append(make("li", {}, link));
  }
}

element("neutral").onclick = async () => {
  try {
    const answer = await connection.command({ type: "neutral" });
    say(answer.type === "neutral" ? "Your neutral face is set: expressions are compared with it." : answer.error, answer.type !== "neutral");
  } catch {
    // the connection is opened again, which is said
  }
};
element("mirror").onchange = () => view.classList.toggle("mirrored", element("mirror").checked);
element("camera").onchange = () => startCamera(element("camera").value);
element("model").onchange = () => connect(element("model").value);
element("record").onclick = () => {
  const isStart = !recording;
  element("record").textContent = isStart ? "Stop recording" : "Record";
  element("record").setAttribute("aria-pressed", String(isStart));
  if (isStart) recording = new Recording(view, classes);
  else stopRecording();
};

async function main() {
  view.classList.add("mirrored");
  const answer = await fetch("v1/models", { headers: { Authorization: `Bearer ${token}` } });
  const { models = [], error } = await answer.json();
  if (error) return say(error, true);
  const select = element("model");
  select.replaceChildren(...models.map((one) => new Option(`${one.name} (${one.pipeline}: ${one.classes.join(", ")})`, one.name)));
  const wanted = new URLSearchParams(location.search).get("model");
  if (models.some((one) => one.name === wanted)) select.value = wanted;
  element("model-item").hidden = models.length < 2;
  element("teach").href = `teach?${new URLSearchParams({ token })}`;
  if (!models.length) {
    say("There is no model yet: train one with fer-features run, or teach it your own expressions.", true);
    element("expression").textContent = "no model";
    return;
  }
  connect(select.value);
  await startCamera("");
  run();
}

main();
