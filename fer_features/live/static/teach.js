import { Camera, cameraFault } from "./camera.js";
import { Connection } from "./connection.js";
import { Bars, drawFaces } from "./drawing.js";
import { FaceHint, RateMeter, drawFrame, element, make, say, token } from "./page.js";

// Clips of an expression that are recorded one after the other.
const WANTED_CLIPS = 4;
// A clip is longer on a slow machine, so that it has this many frames with a face; up to a limit.
const WANTED_FACES = 6;
const MAX_CLIP_SECONDS = 6;
// Name of the class of neutral faces.
const NEUTRAL = "neutral";

const camera = new Camera(() => say("The camera was disconnected: connect it, and reload the page.", true));
const context = element("view").getContext("2d", { alpha: false });
const start = performance.now();
const rate = new RateMeter();
const hint = new FaceHint();

let names = [];
let lesson = { clips: [], is_fitted: false, saved: [] };
let bars = null;
let timing = { clip_seconds: 1, pause_seconds: 2 };
let isBusy = false;
let isRunning = false;
let clipFaces = 0;

const subject = () => element("subject").value.trim();
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

const connection = new Connection("lesson", { token }, {
  hello: (message) => {
    say("");
    timing = message;
    if (message.subject) element("subject").value = message.subject;
    if (message.estimate) showEstimate(message.estimate);
    update(message);
  },
  lost: () => say("The connection was lost. It is opened again.", true),
  refused: (text) => say(text, true),
});

// The answer to a command, or null after an error, which is shown.
async function command(values) {
  try {
    const answer = await connection.command(values);
    if (answer.type === "error") {
      say(answer.error, true);
      return null;
    }
    update(answer);
    return answer;
  } catch {
    return null; // the connection is opened again, which is said
  }
}

function update(message) {
  lesson = message;
  for (const { expression } of lesson.clips) addName(expression);
  element("saved").textContent = lesson.saved.length ? `Saved: ${lesson.saved.join(", ")}` : "";
  element("neutral-item").replaceChildren(expressionItem(NEUTRAL));
  element("expressions").replaceChildren(...names.map(expressionItem));
  setBusy(isBusy);
}

function addName(name) {
  if (name && name !== NEUTRAL && !names.includes(name)) names.push(name);
}

function expressionItem(name) {
  const clips = lesson.clips.filter((clip) => clip.expression === name);
  const own = clips.filter((clip) => clip.subject === subject());
  const n = Math.max(1, WANTED_CLIPS - own.length);
  const record = make("button", { type: "button", textContent: n > 1 ? `Record ${n} clips` : "Record a clip" });
  record.onclick = () => recordClips(name, n);
  const removed = clips.at(-1);
  const remove = make("button", { type: "button", textContent: "Remove" });
  remove.onclick = async () => {
    if (removed) await command({ type: "remove", clip: removed.number });
    else names = names.filter((one) => one !== name);
    update(lesson);
  };
  const count = make("span", { className: "soft", textContent: `${clips.length} ${clips.length === 1 ? "clip" : "clips"}` });
  record.setAttribute("aria-label", `${record.textContent}: ${name}`);
  remove.setAttribute("aria-label", removed ? `Remove the last clip: ${name}` : `Remove: ${name}`);
  return make("li", {}, make("strong", { textContent: name }), count, record, remove);
}

function setBusy(value) {
  isBusy = value;
  for (const button of document.querySelectorAll(".lesson button, #result button")) button.disabled = value;
  element("fit").disabled ||= lesson.clips.length === 0;
}

async function recordClips(expression, n) {
  setBusy(true);
  say("");
  const box = element("countdown");
  box.hidden = false;
  const what = expression === NEUTRAL ? "neutral face" : expression;
  for (let i = 0; i < n; i += 1) {
    for (let left = 3; left > 0; left -= 1) {
      box.textContent = `${what} in ${left}`;
      await sleep(timing.pause_seconds / 3);
    }
    if (!(await command({ type: "begin", subject: subject(), expression }))) break;
    box.textContent = `${what}: hold it`;
    await clipEnd();
    if (!(await command({ type: "end" }))) break;
  }
  box.hidden = true;
  setBusy(false);
}

async function clipEnd() {
  clipFaces = 0;
  await sleep(timing.clip_seconds);
  const limit = performance.now() + 1000 * MAX_CLIP_SECONDS;
  while (clipFaces < WANTED_FACES && performance.now() < limit) await sleep(0.03);
}

function showEstimate(estimate) {
  element("result").hidden = false;
  element("headline").textContent = `${estimate.n_correct} of ${estimate.n_clips} clips are recognized (${estimate.protocol}); by chance about ${Math.round(estimate.chance * estimate.n_clips)}.`;
  element("meaning").textContent = estimate.meaning;
  const columns = estimate.classes.map((name) => make("th", { scope: "col", textContent: name }));
  const head = make("tr", {}, make("th", { scope: "col", textContent: "true \\ predicted" }), ...columns);
  const rows = estimate.confusion.map((counts, i) => {
    const cells = counts.map((count, j) => make("td", { textContent: count || "", className: i === j ? "correct" : "" }));
    return make("tr", {}, make("th", { scope: "row", textContent: estimate.classes[i] }), ...cells);
  });
  const caption = make("caption", { textContent: "Number of clips by true and predicted expression" });
  element("confusion").replaceChildren(caption, make("thead", {}, head), make("tbody", {}, ...rows));
  element("advice").replaceChildren(...estimate.advice.map((text) => make("li", { textContent: text })));
}

function show(frame, answer) {
  drawFrame(context, camera.canvas, answer.size);
  drawFaces(context, answer.faces, true);
  const face = answer.faces.find((one) => one.box);
  const label = element("expression");
  label.textContent = !face ? "no face" : face.expression || (lesson.is_fitted ? face.status : "face found");
  label.dataset.frame = answer.frame;
  const classes = Object.keys(face?.probabilities ?? {});
  if (classes.length && String(classes) !== String(bars?.classes)) bars = Object.assign(new Bars(element("bars"), classes), { classes });
  bars?.show(face?.probabilities ?? {});
  element("bars").hidden = !lesson.is_fitted;
  clipFaces = answer.clip_faces ?? 0;
  rate.add(frame.time);
  hint.update(Boolean(face));
}

async function run() {
  for (;;) {
    const frame = await camera.nextFrame();
    try {
      const answer = await connection.frame((frame.time - start) / 1000, frame.file);
      if (answer.type === "result") show(frame, answer);
      else say(answer.error, true);
    } catch {
      // the connection is opened again
    }
  }
}

element("agree").onchange = () => (element("start").disabled = !element("agree").checked);
element("start").onclick = async () => {
  if (!(await command({ type: "consent", given: true }))) return;
  try {
    await camera.start("");
  } catch (error) {
    say(cameraFault(error), true);
    return;
  }
  if (!isRunning) run();
  isRunning = true;
  element("consent").hidden = true;
  for (const section of document.querySelectorAll(".lesson")) section.hidden = false;
  element("subject").focus();
};
element("subject").onchange = () => command({ type: "subject", subject: subject() });
element("add").onsubmit = (event) => {
  event.preventDefault();
  addName(element("name").value.trim());
  element("name").value = "";
  update(lesson);
};
element("fit").onclick = async () => {
  setBusy(true);
  say("The model is being fitted.");
  const answer = await command({ type: "fit" });
  setBusy(false);
  if (!answer) return;
  say(`The model was fitted in ${answer.seconds.toFixed(1)} s.`);
  element("live").href = `.?${new URLSearchParams({ token, model: answer.model })}`;
  showEstimate(answer.estimate);
  element("result").scrollIntoView({ block: "nearest" });
};
element("save").onsubmit = async (event) => {
  event.preventDefault();
  const answer = await command({ type: "save", name: element("run").value.trim() });
  if (answer) say(`Saved in ${answer.folder}: a model for fer-features predict and live, and faces.h5, a data set.`);
};
element("delete").onclick = async () => {
  if (!confirm("Delete all clips, the model, and what was saved from this page?")) return;
  if (!(await command({ type: "delete" }))) return;
  names = [];
  bars = null;
  update(lesson);
  camera.stop();
  element("bars").replaceChildren();
  element("agree").checked = false;
  element("start").disabled = true;
  element("result").hidden = true;
  element("consent").hidden = false;
  for (const section of document.querySelectorAll(".lesson")) section.hidden = true;
  say("Everything was deleted.");
};
