/**
 * The loss surface under the network: asks for the surface, draws it when it comes,
 * and moves the network over it with the
 * film. Everything it shows of a moment follows from that moment's frame and the surface in hand.
 *
 * @typedef {{url: string, plotly: string, traceUrl: string, link: string, optimisers: {value: string,
 *   label: string}[]}} Setup
 * @typedef {{setup: Setup, state: import("../reducer.js").State, frame: import("../chunk.js").Frame,
 *   next: import("../chunk.js").Frame|null, film: import("../film.js").Film, moment: import("../timeline.js").Moment,
 *   model: import("../model.js").Model, theme: import("../theme.js").Theme, moving: boolean, rate: number}} Now
 *   rate: the learning rate of the frame
 */

import { values } from "../chunk.js";
import { h, setAttr, setHidden, setText } from "../dom.js";
import { editsBefore } from "../link.js";
import { isMoving } from "../reducer.js";
import { parseId } from "../model.js";
import { createSurface } from "../surface.js";
import { ease } from "../timeline.js";
import { axesText, placeValue, readChoices, writeChoices } from "./choices.js";
import { createForm, createPlaceForm, createViewButtons } from "./form.js";
import { heightAt, heightOf, makeHeights, within } from "./heights.js";
import { createLegend } from "./legend.js";
import { drawMarks } from "./marks.js";
import { axisTitles, placeOfEdge } from "./names.js";
import { racerStyle } from "./palette.js";
import { loadPlotly } from "./plotly.js";
import { findGraphics, PlotView } from "./plotView.js";
import { Race } from "./race.js";
import { farness, rows, summary, warnings } from "./readout.js";
import { drawSheet } from "./sheet.js";
import { Supply } from "./supply.js";
import { between, shareOf, Trail } from "./trail.js";

/**
 * Points along a side: the first at once,
 * the rest behind it. A plane that is laid anew while the film plays is drawn once and
 * not too fine, as each drawing costs the film a few frames; one that stands is refined.
 */
const RESOLUTIONS = { plane: [13, 61], line: [61, 301], again: [31], shaking: [17] };
/** A second surface that will take longer than this many seconds has one in between. */
const PATIENCE = 0.6;
const BETWEEN = 31;
/** The plane is laid anew when the network is farther from it than this share of the picture. */
const LOST = 0.5;
/** Racers get so much room beyond where they are; a surface laid anew keeps at least this share of its width. */
const ROOM = 1.5;
const FEWER = 0.7;
/** Milliseconds between two surfaces while the film plays; a mini-batch's may come oftener. */
const PAUSE = { playing: 2000, batch: 200 };
/** Milliseconds between two readings in words while the film plays. */
const READING = 250;
/** Milliseconds after which a surface under way has a progress bar. */
const MOMENT = 300;
/** Pixels that a press may move and still be one. */
const STILL = 5;

export class LandscapePanel {
  /** @param {HTMLElement} host @param {object} tools  say, format, act, edit, wake @param {Setup} setup */
  constructor(host, tools, setup) {
    Object.assign(this, { host, tools, setup, target: null, shownKey: "", askedKey: "", lastAsk: -Infinity,
      lastReading: -Infinity });
    this.graphics = findGraphics(document);
    this.supply = new Supply({ onChange: () => this.arrived() });
    this.race = new Race({ onChange: () => tools.wake() });
    this.build();
    loadPlotly(setup.plotly).then((Plotly) => this.openPlot(Plotly), () => this.fail());
  }

  build() {
    const { say } = this.tools;
    this.form = createForm({ ...this.tools, change: (changes) => this.change(changes) });
    this.buttons = createViewButtons({ say, turn: (around, up) => this.view?.turn(around, up),
      zoom: (factor) => this.view?.zoom(factor),
      reset: () => this.view?.reset() });
    this.places = createPlaceForm({ say, put: (a, b) => this.put(a, b), point: (target) => this.aim(target) });
    this.legend = createLegend({ ...this.tools, setup: this.setup, race: (racers) => this.change({ racers }) });
    this.canvas = h("canvas", { class: "landscape-marks", "aria-hidden": "true" });
    this.surface2d = createSurface(this.canvas);
    this.bar = h("i");
    this.progress = h("div", { class: "landscape-progress", role: "progressbar", "aria-label": say("surface_making"),
      "aria-valuemin": 0,
      "aria-valuemax": 100, hidden: true }, this.bar);
    this.note = h("p", { class: "landscape-note", role: "status", text: say("surface_loading") });
    this.box = h("div", { class: "landscape-box", role: "img", "aria-label": say("surface_title") }, this.canvas,
      this.note);
    this.sentence = h("p", { class: "landscape-sentence" });
    this.warnings = h("ul", { class: "landscape-warnings" });
    this.table = h("tbody");
    this.retry = h("button", { type: "button", class: "landscape-button", text: say("retry"), hidden: true,
      onclick: () => this.again() });
    this.controls = h("div", { class: "landscape-controls", hidden: true }, this.legend.element, this.places.element);
    const numbers = h("details", { class: "table" }, h("summary", { text: say("surface_numbers") }), h("table", {},
      this.table));
    this.details = numbers;
    numbers.addEventListener("toggle", () => this.reread());
    this.host.replaceChildren(this.styleLink(), this.form.element, h("div", { class: "landscape-body" },
      h("div", { class: "landscape-picture" }, this.box, this.progress, this.buttons.element),
      h("div", { class: "landscape-side" }, this.sentence, this.warnings, this.retry, this.controls, numbers)));
    this.listen();
  }

  styleLink() {
    return h("link", { rel: "stylesheet", href: new URL("landscape.css", import.meta.url).href });
  }

  listen() {
    this.box.addEventListener("pointerdown", (event) => event.isPrimary && event.button === 0 && this.hold(event),
      true);
    this.box.addEventListener("pointermove", (event) => !event.buttons && this.aim(this.pick(event)));
    this.box.addEventListener("pointerleave", () => this.aim(null));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
  }

  /** A press that does not move is a choice; Plotly lays its own cover over the page meanwhile. */
  hold(begin) {
    const release = (event) => {
      if (Math.hypot(event.clientX - begin.clientX, event.clientY - begin.clientY) < STILL) this.press(event);
    };
    addEventListener("pointerup", release, { capture: true, once: true });
  }

  openPlot(Plotly) {
    if (this.closed) return;
    this.view = new PlotView(Plotly, this.box, this.graphics);
    this.shownKey = "";
    this.tools.wake();
  }

  fail() {
    setText(this.note, this.tools.say("surface_lost"));
  }

  // ---------------------------------------------------------------------------------------------------------- choices

  change(changes) {
    const next = { ...this.choices, ...changes };
    this.tools.act({ type: "surface", open: true, text: writeChoices(next) });
  }

  /** Choices as the state has them; an edge that is newly selected becomes an axis. */
  takeChoices({ state, model }) {
    if (state.surface !== this.text) {
      this.text = state.surface;
      this.choices = readChoices(state.surface);
      this.formKey = "";
    }
    if (state.selected === this.selected) return;
    this.selected = state.selected;
    const part = parseId(state.selected);
    if (this.choices.axes.kind !== "weights" || part?.kind !== "edge") return;
    const place = placeOfEdge(model, part);
    const { first, second } = this.choices.axes;
    if (place && ![first, second].some((other) => String(other) === String(place))) {
      const axes = { ...this.choices.axes, first: second ?? first, second: place };
      this.change({ axes: axes.dimensions === 1 ? { ...axes, first: place, second: null } : axes });
    }
  }

  // ---------------------------------------------------------------------------------------------------------- asking

  /** What the surface in hand, or on its way, is of; two moments of one key need no other surface. */
  keyOf(step) {
    const { axes, centre, data } = this.choices;
    return JSON.stringify([this.now.setup.link, editsBefore(this.now.state.edits, step + 1), axesText(axes), centre,
      data]);
  }

  /** Why there cannot be a surface of these axes yet; null where there can. */
  obstacle() {
    const { axes, centre } = this.choices;
    const { step } = this.now.frame;
    const { say } = this.tools;
    if (axes.kind === "path" && step < 2) return say("surface_needs_path");
    return axes.kind === "towards" && axes.step === (centre === "first" ? 0 : step) ? say("surface_needs_way") : null;
  }

  /** Shows nothing but the reason. */
  stand(reason) {
    if (this.askedKey !== "") this.supply.clear();
    Object.assign(this, { askedKey: "", heights: null, trail: null, marks: null, drawnSurface: null });
    setText(this.note, reason);
  }

  askIfDue() {
    const { frame, moving } = this.now;
    const reason = this.obstacle();
    setAttr(this.box, "data-empty", reason !== null);
    if (reason) {
      setHidden(this.note, false);
      return this.stand(reason);
    }
    const { surface, flight, trouble } = this.supply;
    if (this.askedKey === "" || this.keyOf(this.askedStep) !== this.askedKey) return this.ask(frame.step, "plane");
    if (flight || trouble || !surface) return undefined;
    const manner = this.mannerOf(surface, frame.step);
    const pause = manner === "shaking" ? PAUSE.batch : PAUSE.playing;
    return manner && (!moving || performance.now() - this.lastAsk > pause) ? this.ask(frame.step, manner) : undefined;
  }

  /** How the surface is to be drawn anew; null if it can stay. */
  mannerOf(surface, step) {
    const { moving } = this.now;
    const finer = !moving && surface.rows > 1 && surface.columns < RESOLUTIONS.plane.at(-1) && !this.supply.limited;
    if (finer) return "plane";
    if (step === this.askedStep) return null;
    if (this.choices.data === "batch") return moving ? "shaking" : "plane";
    return this.isLost() ? (moving ? "again" : "plane") : null;
  }

  /** Whether the network has left the drawn part, or a plane that would follow it. */
  isLost() {
    if (!this.point || !this.heights) return false;
    if (this.everybody().some(({ a, b }) => !within(this.heights, a, b))) return true;
    return this.choices.centre === "now" && farness({ surface: this.supply.surface, point: this.point }) > LOST;
  }

  /** The network's and all racers' points. */
  everybody() {
    return [this.point, ...(this.marks?.runners ?? []).map(({ point }) => point)].filter(Boolean);
  }

  /** Half the width of the next surface: a shaking one keeps its own; one with racers has room for them all. */
  span(shaking) {
    if (shaking && this.heights) return this.halves();
    if (this.race.racers.length === 0 || !this.heights || !this.point) return null;
    const origin = this.choices.centre === "now" ? this.point : { a: 0, b: 0 };
    const reach = (key) => Math.max(...this.everybody().map((point) => Math.abs(point[key] - origin[key])));
    const [a, b] = this.halves();
    return [Math.max(ROOM * reach("a"), FEWER * a), Math.max(ROOM * reach("b"), FEWER * b)];
  }

  /** @param {number} step @param {"plane"|"again"|"shaking"} manner */
  ask(step, manner) {
    const shaking = manner === "shaking";
    this.askedStep = step;
    this.askedKey = this.keyOf(step);
    this.lastAsk = performance.now();
    this.shaking = shaking;
    const { setup, state } = this.now;
    const wish = { url: setup.url, link: setup.link, edits: state.edits, step, choices: this.choices,
      span: this.span(shaking) };
    const sides = RESOLUTIONS[this.choices.axes.dimensions === 1 && !shaking ? "line" : manner];
    this.watch();
    return this.supply.ask(wish, sides, { patience: PATIENCE, between: BETWEEN });
  }

  again() {
    this.askedKey = "";
    this.tools.wake();
  }

  /** A progress bar while a surface takes longer than a moment. */
  watch() {
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      const late = this.supply.waited > MOMENT / 1000;
      setHidden(this.progress, !late);
      this.bar.style.transform = `scaleX(${this.supply.progress})`;
      setAttr(this.progress, "aria-valuenow", Math.round(100 * this.supply.progress));
      if (!this.supply.flight) clearInterval(this.timer);
    }, MOMENT / 2);
  }

  arrived() {
    if (!this.supply.flight) setHidden(this.progress, true);
    if (this.pending && this.supply.surface?.step === this.pending.step) this.putPending();
    this.reread();
  }

  /** The words do not wait for their turn. */
  reread() {
    this.lastReading = -Infinity;
    this.tools.wake();
  }

  // --------------------------------------------------------------------------------------------------------- showing

  /** @param {Now} now */
  show(now) {
    this.now = now;
    this.takeChoices(now);
    this.race.set({ traceUrl: now.setup.traceUrl, link: now.setup.link, edits: now.state.edits }, this.choices.racers);
    this.showSurface();
    this.locate();
    this.askIfDue();
    this.showMarks();
    this.showWords();
  }

  /** Nothing is asked for and nothing moves while the panel is closed. */
  rest() {
    if (!this.supply.flight && this.race.racers.length === 0) return;
    this.supply.drop();
    this.askedKey = "";
    this.race.close();
  }

  /** Draws the chart anew if the surface, the scale or the theme is another. */
  showSurface() {
    const { surface } = this.supply;
    if (!surface || !this.view) return;
    const { theme, model } = this.now;
    const drawing = this.graphics.scene ? this.choices.drawing : "contour";
    const bare = surface.columns === RESOLUTIONS.shaking[0];
    const style = [this.choices.scale, drawing, theme.paper, theme.font, model.layers.length, bare].join();
    if (surface === this.drawnSurface && style === this.drawnStyle) return;
    const before = bare && this.drawnStyle === style ? this.heights : null;
    const heights = makeHeights(surface, this.choices.scale, before);
    const framed = before !== null && sameFrame(heights, before);
    Object.assign(this, { drawnSurface: surface, drawnStyle: style, heights, bare });
    if (this.trail?.plane !== surface.plane) this.trail = new Trail(surface.plane, surface.header.data);
    this.trails = new Map();
    const titles = axisTitles(surface, { ...this.tools, model });
    if (framed) this.view.heights = heights;
    else this.view.show(heights, drawing, { theme, format: this.tools.format, titles, bare,
      software: this.graphics.software }, () => this.paint());
    setHidden(this.note, true);
    setHidden(this.controls, false);
    this.buttons.render(drawing === "scene" && surface.rows > 1);
    this.places.render(surface.rows === 1);
  }

  /** Where the network, and each racer, is on the plane right now. */
  locate() {
    if (!this.trail) return;
    const { state, frame, next, film, moment } = this.now;
    const share = shareOf(moment, state.position, frame, next, ease);
    this.trail.refresh(film);
    const [one, two] = [this.trail.at(frame), next && share > 0 ? this.trail.at(next) : null];
    this.point = one && between(one, two, share);
  }

  runners() {
    const { theme, frame } = this.now;
    const place = (point) => ({ a: point.a, b: point.b, height: this.heightOf(point) });
    const upTo = (trail, point) => [...trail.upTo(frame.step),
      ...(point ? [point] : [])].filter((p) => within(this.heights, p.a, p.b)).map(place);
    const own = { trail: upTo(this.trail, this.point), spot: this.spotOf(this.point), ...racerStyle(theme, 0),
      label: "" };
    return [own, ...this.race.racers.map((racer, index) => this.runner(racer, index, upTo))];
  }

  runner({ text, player }, index, upTo) {
    const trail = this.trailOf(text);
    trail.refresh(player.film);
    const frame = player.film.frameAt(this.now.state.position + 1e-6);
    const point = frame && trail.at(frame);
    const label = this.legend.nameOf(text);
    return { trail: point ? upTo(trail, point) : [], spot: this.spotOf(point), point, ...racerStyle(this.now.theme,
      index + 1), label };
  }

  trailOf(text) {
    if (!this.trails.has(text)) this.trails.set(text, new Trail(this.trail.plane, this.supply.surface.header.data));
    return this.trails.get(text);
  }

  /** The height of a point's true loss; of a mini-batch's the drawn one, as each step has another batch. */
  heightOf(point) {
    const ground = heightAt(this.heights, point.a, point.b);
    return this.choices.data === "batch" && Number.isFinite(ground) ? ground : heightOf(this.heights, point.loss);
  }

  spotOf(point) {
    return point && within(this.heights, point.a, point.b) ? { a: point.a, b: point.b,
      height: this.heightOf(point) } : null;
  }

  showMarks() {
    if (!this.trail || !this.heights) return;
    const { frame, theme } = this.now;
    const { plane } = this.trail;
    const read = (suffix) => plane.shadow((name) => values(frame, name + suffix));
    [this.gradient, this.update] = [read(".gradient"), read(".update")];
    const step = this.update && this.enlarged(this.update);
    this.marks = { runners: this.runners(), arrow: this.gradient && this.downhill(this.gradient), step,
      target: this.target,
      heightAt: (a, b) => heightAt(this.heights, a, b), theme };
    this.paint();
  }

  /** The way down by the gradient: its direction as seen in the picture, of a fixed length. */
  downhill({ a, b, share }) {
    const [x, y] = this.halves();
    const length = Math.hypot(a / x, b / y);
    return share > 1e-6 && length > 0 ? { a: (-0.3 * a) / length, b: (-0.3 * b) / length } : null;
  }

  /** The next step, ten or a hundred times as long where it would be too short to see. */
  enlarged({ a, b }) {
    const [x, y] = this.halves();
    const length = Math.hypot(a / x, b / y);
    if (!(length > 1e-12)) return null;
    const times = length < 0.06 ? 10 ** Math.ceil(Math.log10(0.06 / length)) : 1;
    return { a: a * times, b: b * times, times };
  }

  halves() {
    const half = (axis) => (axis.at(-1) - axis[0]) / 2 || 1;
    return [half(this.heights.a), half(this.heights.b)];
  }

  paint() {
    const { ctx, width, height } = this.surface2d;
    if (!this.marks || width === 0) return;
    ctx.clearRect(0, 0, width, height);
    if (!this.view?.look()) return;
    if (this.bare) drawSheet(ctx, this.view, this.heights, this.now.theme);
    drawMarks(ctx, this.view, this.marks);
  }

  // ---------------------------------------------------------------------------------------------------------- words

  showWords() {
    const now = performance.now();
    if (this.now.moving && now - this.lastReading < READING) return;
    this.lastReading = now;
    this.showForm();
    this.showTrouble();
    if (!this.heights || !this.point) return;
    const { say, format } = this.tools;
    const { surface, limited, flight } = this.supply;
    const reading = { heights: this.heights, surface, choices: this.choices, point: this.point, gradient: this.gradient,
      update: this.update, racers: this.marks.runners.slice(1).map(({ label, point }) => ({ name: label, point })),
        shakes: this.shaking, limited, waiting: flight !== null, say, format };
    const text = summary(reading);
    setText(this.sentence, text);
    setAttr(this.box, "aria-label", text);
    fill(this.warnings, [...(this.graphics.scene ? [] : [say("surface_no_scene")]), ...warnings(reading)]);
    if (this.details.open) this.table.replaceChildren(...rows(reading).map(([label, value]) => h("tr", {}, h("th", {
      scope: "row", text: label }), h("td", { text: value }))));
    this.legend.render({ runners: this.marks.runners, racers: this.race.racers, own: this.point, step: this.marks.step,
      arrow: this.marks.arrow, theme: this.now.theme, rate: this.now.rate, texts: this.choices.racers });
  }

  showForm() {
    const { surface } = this.supply;
    const key = [this.text, surface?.header.experiment, surface?.header.places, this.now.model.layers.length].join();
    if (key === this.formKey) return;
    this.formKey = key;
    this.form.render(this.choices, { parameters: surface?.header.parameters ?? [],
      places: surface?.header.places ?? null,
      model: this.now.model, scene: this.graphics.scene });
  }

  showTrouble() {
    const { trouble } = this.supply;
    setHidden(this.retry, !trouble);
    if (!trouble) return;
    setHidden(this.note, false);
    setText(this.note, this.tools.say(`surface_trouble_${trouble.kind}`, { message: trouble.message }));
  }

  // --------------------------------------------------------------------------------------------------------- placing

  pick(event) {
    const box = this.box.getBoundingClientRect();
    return this.view?.pick(event.clientX - box.left, event.clientY - box.top) ?? null;
  }

  press(event) {
    const at = this.pick(event);
    if (at) this.put(at.a, at.b);
  }

  aim(target) {
    if (target === this.target) return;
    this.target = target;
    if (!this.marks) return;
    this.marks.target = target;
    if (!this.now.moving) this.paint();
  }

  /**
   * Puts the network at a point of the surface, at the shown step. A surface of another step is laid anew first,
   * and the
   * nearest point of the new plane is taken.
   */
  put(a, b) {
    if (!this.supply.surface || !this.now.frame) return;
    const { step } = this.now.frame;
    const resume = isMoving(this.now.state);
    this.tools.act({ type: "seek", step });
    if (this.supply.surface.step === step && !this.supply.flight) return this.putAt(a, b, resume);
    this.pending = { step, resume, wanted: this.trail.plane.at(a, b) };
    return this.ask(step, "plane");
  }

  putPending() {
    const { wanted, resume } = this.pending;
    this.pending = null;
    const spot = this.supply.surface.plane.project((name) => wanted.get(name) ?? null);
    if (spot) this.putAt(spot.a, spot.b, resume);
  }

  putAt(a, b, resume) {
    this.tools.edit("place", placeValue(this.choices, a, b));
    if (resume) this.tools.act({ type: "play" });
  }

  // ------------------------------------------------------------------------------------------------------------ room

  resize() {
    if (!this.surface2d.fit(this.box.clientWidth, this.box.clientHeight)) return;
    this.view?.resize().then(() => this.paint());
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.observer.disconnect();
    this.supply.clear();
    this.race.close();
    this.view?.close();
  }
}

/** Whether two surfaces have the same axes: what is drawn around them can stay. */
function sameFrame(one, two) {
  const same = (x, y) => Math.abs(x - y) < 1e-6 * Math.abs(y || 1);
  return same(one.low, two.low) && same(one.top, two.top) && [one.a, one.b].every((axis, k) => same(axis.at(-1),
    [two.a, two.b][k].at(-1)));
}

/** Sentences as list items; those that stay are left alone. */
function fill(list, sentences) {
  while (list.children.length > sentences.length) list.lastChild.remove();
  sentences.forEach((text, i) => {
    if (!list.children[i]) list.append(h("li"));
    setText(list.children[i], text);
  });
}
