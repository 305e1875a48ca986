// Drawing of faces on a frame, bars of probabilities, and the timeline of the last minute.

import { make } from "./page.js";

const TIMELINE_SECONDS = 60;
const N_COLOURS = 8;

export function colour(index) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--c${index % N_COLOURS}`).trim();
}

export function drawFaces(context, faces, showLandmarks) {
  const unit = context.canvas.width / 640;
  context.lineWidth = 2 * unit;
  for (const face of faces) {
    if (!face.box) continue;
    context.strokeStyle = "#50dc50";
    context.strokeRect(...face.box);
    if (!showLandmarks || !face.landmarks) continue;
    context.fillStyle = "#fff";
    context.strokeStyle = "#000";
    context.lineWidth = unit;
    for (const [x, y] of face.landmarks) {
      context.beginPath();
      context.arc(x, y, 1.8 * unit, 0, 2 * Math.PI);
      context.stroke();
      context.fill();
    }
  }
}

// One bar for each class; `show` sets their probabilities.
export class Bars {
  constructor(list, classes) {
    this.rows = classes.map((name, index) => {
      const fill = make("i");
      const value = make("span", { className: "value" });
      const track = make("span", { className: "track", ariaHidden: "true" }, fill);
      fill.style.backgroundColor = `var(--c${index % N_COLOURS})`;
      const item = make("li", {}, make("span", { textContent: name }), track, value);
      return { name, item, fill, value };
    });
    list.replaceChildren(...this.rows.map((row) => row.item));
    this.show({});
  }

  show(probabilities) {
    const largest = Math.max(...Object.values(probabilities));
    for (const { name, item, fill, value } of this.rows) {
      const probability = probabilities[name];
      fill.style.width = `${100 * (probability ?? 0)}%`;
      value.textContent = probability === undefined ? "–" : probability.toFixed(2);
      item.classList.toggle("first", probability !== undefined && probability === largest);
    }
  }
}

// Probabilities over the last minute. Points without a face have the state 'no face'.
export class Timeline {
  constructor(canvas, classes) {
    this.canvas = canvas;
    this.classes = classes;
    this.points = [];
    this.drawnAt = -Infinity;
    this.describedAt = -Infinity;
  }

  add(time, state, probabilities) {
    this.points.push({ time, state, probabilities });
    while (this.points[0].time < time - 1000 * TIMELINE_SECONDS) this.points.shift();
    if (time - this.drawnAt >= 200) {
      this.drawnAt = time;
      this.draw(time);
    }
    if (time - this.describedAt >= 5000) {
      this.describedAt = time;
      this.canvas.setAttribute("aria-label", this.description());
    }
  }

  draw(now) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.canvas.width = Math.round(ratio * width);
    this.canvas.height = Math.round(ratio * height);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const x = (time) => width * (1 - (now - time) / (1000 * TIMELINE_SECONDS));
    const y = (probability) => 4 + (height - 22) * (1 - probability);
    context.fillStyle = style.getPropertyValue("--shade");
    this.points.forEach((point, i) => {
      const end = this.points[i + 1]?.time ?? now;
      if (point.state === "no face") context.fillRect(x(point.time), 0, Math.max(1, x(end) - x(point.time)), height - 18);
    });
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = style.getPropertyValue("--soft");
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1;
    for (const seconds of [60, 45, 30, 15, 0]) {
      const text = seconds ? `−${seconds} s` : "now";
      const left = Math.min(Math.max(2, x(now - 1000 * seconds) - 12), width - 32);
      context.fillText(text, left, height - 4);
    }
    for (const level of [0, 0.5, 1]) {
      context.beginPath();
      context.moveTo(0, y(level));
      context.lineTo(width, y(level));
      context.stroke();
    }
    context.lineWidth = 2;
    this.classes.forEach((name, index) => {
      context.strokeStyle = colour(index);
      context.beginPath();
      let isOpen = false;
      for (const { time, probabilities } of this.points) {
        const probability = probabilities[name];
        if (probability !== undefined) context[isOpen ? "lineTo" : "moveTo"](x(time), y(probability));
        isOpen = probability !== undefined;
      }
      context.stroke();
    });
  }

  description() {
    const counts = {};
    for (const { state } of this.points) counts[state] = (counts[state] ?? 0) + 1;
    const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
    const shares = sorted.map(([state, n]) => `${state} ${Math.round((100 * n) / this.points.length)} %`);
    return `Last 60 seconds: ${shares.join(", ")}`;
  }
}
