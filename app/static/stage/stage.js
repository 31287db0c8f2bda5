/**
 * The stage: one experiment's film with everything around it. Holds the state and the loop; every part it calls either
 * computes (reducer, timeline, film, scene) or shows (painter, panels), never both.
 */

import { leastHeight } from "./blocks/layout.js";
import { decodeChunk } from "./chunk.js";
import { details, layerName } from "./describe.js";
import { h, setAttr } from "./dom.js";
import { watchEngine } from "./engine.js";
import { listenToKeys, listenToNetwork } from "./input.js";
import { address, pointValue, readPoint } from "./link.js";
import { buildModel, exists } from "./model.js";
import { Narrator } from "./narrator.js";
import { createFormat } from "./numbers.js";
import { Painter } from "./painter.js";
import { everyFor } from "./plan.js";
import { Player } from "./player.js";
import { MAP_MARGIN } from "./plot/frame.js";
import { INITIAL, isMoving, momentOf, reduce } from "./reducer.js";
import { Reporter } from "./reporter.js";
import { createShell } from "./shell.js";
import { takeSnapshot } from "./snapshot.js";
import { putTheme, readTheme, sameTheme } from "./theme.js";
import { SPEEDS, wholeStep } from "./timeline.js";
import { createSay } from "./words.js";

/** Milliseconds that the picture must have stood before it is drawn finer. */
const REFINE_DELAY = 140;
/** With reduced motion a playing film is a slide show of so many pictures a second. */
const CALM_RATE = 2;
const CONTROL_EVENTS = ["keydown", "pointerdown", "pointerup"];
/** Milliseconds for which drawing gives way to a control of the page, which shares the browser's one thread with it. */
const COURTESY = 120;
/** Actions that Python and the address need not hear of. */
const PRIVATE = new Set(["hover", "cursor", "newClass", "log"]);
/** What a person can do with a picture that stands still. */
const STILL_ACTIONS = new Set(["hover", "select", "calm"]);
const NOTHING_LIT = new Set();

export class Stage {
  /** @param {ShadowRoot|HTMLElement} parent */
  constructor(parent) {
    this.parent = parent;
    this.state = INITIAL;
    this.held = null;
    this.reopening = false;
    this.frameRequest = 0;
    this.dirty = true;
    this.stopEngine = () => {};
    this.courtesyEnds = 0;
    this.player = new Player({ onChange: () => this.resume() });
    this.root = h("div", { class: "stage", "data-state": "loading" });
    /** For tests and the curious: how often the stage has painted. */
    this.root.stagePaints = 0;
    parent.append(this.root);
    this.stopKeys = listenToKeys(this.root, this.act);
    this.reporter = new Reporter(() => this.held && this.state, (value) => this.hooks.setStateValue("player", value),
      () => !this.data?.still);
    this.observer = new ResizeObserver(() => this.resize());
    for (const type of CONTROL_EVENTS) addEventListener(type, this.giveWay, { capture: true, passive: true });
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.onMotion = () => this.act({ type: "calm", calm: this.motion.matches });
    this.motion.addEventListener("change", this.onMotion);
    this.state = { ...this.state, calm: this.motion.matches };
  }

  /**
   * New data from Python: the same again after a rerun, a changed live value, or another experiment.
   * @param {object} data
   * @param {{setStateValue: Function, setTriggerValue: Function}} hooks
   */
  update(data, hooks) {
    this.hooks = hooks;
    const worded = JSON.stringify([data.words, data.locale, data.options?.hidden]);
    if (worded !== this.worded) this.build(data);
    this.worded = worded;
    if (this.isForgotten(data)) return;
    this.options = { show_test: false, discretise: false, ...data.options };
    setAttr(this.root, "data-layout", data.options?.layout ?? "network");
    const other = data.link !== this.state.link || data.trace_url !== this.traceUrl;
    this.data = data;
    this.lit = data.lit?.length > 0 ? new Set(data.lit) : NOTHING_LIT;
    if (other) this.open(data);
    else if (!this.reopening) {
      this.applyLive(data.live ?? {});
      this.reporter.hear(data);
    }
    this.reopening = false;
    if (data.still) this.standAt(data);
    this.live = data.live ?? {};
    this.retheme();
    this.wake();
  }

  /**
   * Whether Python has forgotten this page, because its server was started anew or is another one: it begins at the address
   * that the page once had. It is told what stands here; the film goes on, and what it says of the beginning is not ours.
   */
  isForgotten({ visit }) {
    const forgotten = this.visit !== undefined && visit !== this.visit;
    this.visit = visit;
    if (!forgotten) return false;
    const { link, edits, position } = this.state;
    this.reopening = true;
    this.hooks.setTriggerValue("action", { kind: "reopen", link: address(link, edits, wholeStep(position), location.search) });
    return true;
  }

  /** The DOM, in the data's language. */
  build({ words, locale, options }) {
    this.shell?.landscape.close();
    this.say = createSay(words);
    this.format = createFormat(locale);
    this.shell = createShell(this.root, {
      say: this.say, format: this.format, act: this.act, retry: () => this.retry(), describe: (id) => this.describe(id),
      send: (action) => this.hooks.setTriggerValue("action", action), follow: (move) => this.followBy(move),
      edit: (key, value) => this.edit(key, value), wake: () => this.wake(),
      addPoint: (x1, x2, label) => this.edit("point", pointValue(x1, x2, label)),
    }, options?.hidden ?? []);
    this.painter = new Painter({ ...this.shell, format: this.format, say: this.say });
    this.narrator = new Narrator(this.shell);
    this.model = null;
    this.listen();
  }

  listen() {
    const { networkBox, map, loss, canvas, table } = this.shell;
    this.observer.disconnect();
    for (const box of [networkBox, map.box, loss.box]) this.observer.observe(box);
    listenToNetwork(canvas, () => this.painter, this.act);
    table.element.addEventListener("toggle", () => this.wake());
  }

  /** Another experiment starts from its link's step, with its link's edits. */
  open(data) {
    const first = this.state.link === null;
    this.traceUrl = data.trace_url;
    this.frameCost = data.frame;
    this.model = null;
    this.held = null;
    this.shell.table.reset();
    this.state = reduce(this.state, { type: "open", link: data.link, edits: data.edits ?? [], step: data.step ?? 0,
      intro: first });
    const asked = data.options?.layout === "surface" ? data.surface ?? "" : data.surface;
    if (first && typeof asked === "string") this.state = reduce(this.state, { type: "surface", open: true, text: asked });
    this.reporter.hear(data, this.state);
    this.openPlayer();
    this.stopEngine();
    this.engine = null;
    this.stopEngine = data.engine_url ? watchEngine(data.engine_url, (engine) => this.onEngine(engine)) : () => {};
    this.reporter.soon();
  }

  /** A still picture shows what it is told of one step: no more of it than the page has told so far. */
  standAt({ step, told = 0 }) {
    this.state = { ...this.state, playing: false, goal: null, intro: null, position: step + told };
    setAttr(this.root, "data-still", "true");
    this.narrator.due = true;
  }

  openPlayer() {
    if (this.data.still) return this.player.hold(decodeChunk(bytesOf(this.data.still)));
    const { link, edits, follow, position } = this.state;
    this.player.open({ traceUrl: this.traceUrl, link, edits, follow, step: position, frame: this.frameCost });
  }

  /** The engine became ready: what was lost or busy meanwhile is asked for at once. */
  onEngine(engine) {
    const ready = engine.ready && this.engine && !this.engine.ready;
    this.engine = engine;
    if (ready && this.player.trouble && this.player.trouble.kind !== "refused") this.player.restart();
    this.wake();
  }

  retry() {
    this.player.restart();
    this.wake();
  }

  /** Controls that do not reset the network become edits at the shown step. */
  applyLive(live) {
    for (const [key, value] of Object.entries(live)) {
      if (JSON.stringify(value) !== JSON.stringify(this.live[key])) this.edit(key, value === null ? "none" : String(value));
    }
  }

  edit(key, value) {
    this.act({ type: "edit", key, value });
    const [step] = this.state.edits.at(-1);
    this.player.branch(this.state.edits, step);
    this.askForFilm();
    this.wake();
  }

  /** Somebody handles a control beside the stage: what it does is to be seen sooner than the next few frames. */
  giveWay = (event) => {
    if (event.composedPath().includes(this.root)) return;
    this.courtesyEnds = performance.now() + COURTESY;
    this.reporter.wait();
  };

  /** New film, or no hope of it: nothing to give way for. */
  resume() {
    this.courtesyEnds = 0;
    this.wake();
  }

  followBy(move) {
    const count = this.model?.problem.train?.length ?? this.model?.problem.train_size ?? Infinity;
    const index = Math.max(0, Math.min(count - 1, this.state.follow + move));
    if (index === this.state.follow) return;
    this.act({ type: "follow", index });
    this.player.followExample(index);
  }

  /** Everything that a person does comes through here. */
  act = (action) => {
    if (this.data?.still && !STILL_ACTIONS.has(action.type)) return;
    const before = this.state;
    this.state = reduce(before, { ...action, shown: this.held?.step ?? before.position });
    if (this.state === before) return;
    this.narrator.due = true;
    if (!PRIVATE.has(action.type)) this.reporter.soon();
    if (isMoving(before) && !isMoving(this.state)) this.show(performance.now(), 0); // a pause does not wait for its frame
    this.wake();
  };

  wake() {
    this.dirty = true;
    if (!this.frameRequest) this.frameRequest = requestAnimationFrame(this.loop);
  }

  loop = (now) => {
    this.frameRequest = 0;
    const dt = Math.max(0, (now - (this.lastFrame ?? now)) / 1000);
    this.lastFrame = now;
    const moved = isMoving(this.state);
    if (moved && now < this.courtesyEnds) {
      this.frameRequest = requestAnimationFrame(this.loop);
      return;
    }
    if (moved) this.advance(dt);
    this.askForFilm();
    this.show(now, dt);
    if (isMoving(this.state) || moved) this.frameRequest = requestAnimationFrame(this.loop);
    else this.lastFrame = undefined;
  };

  advance(dt) {
    const { film, rate, whole, most } = this.player;
    const every = this.state.goal ? 1 : everyFor(SPEEDS[this.state.speed], rate, whole, most);
    const step = Math.floor(this.state.position);
    const covered = Math.min(film.coverage(step, every), this.shell.landscape.coverage(step, every));
    const before = this.state;
    this.state = reduce(before, { type: "tick", dt, limit: covered - 1e-3, end: film.end });
    this.waiting = this.state.position === before.position;
    if (isMoving(before) && !isMoving(this.state)) this.reporter.soon();
  }

  askForFilm() {
    const { position, goal, playing, speed } = this.state;
    const wish = { position: Math.min(goal?.position ?? position, this.player.film.end), speed: SPEEDS[speed], playing };
    this.player.want(wish);
    this.shell.landscape.want(wish);
  }

  /** The frame of the film for the present position; the last one shown while a new one is on its way. */
  takeFrame() {
    const { film } = this.player;
    if (this.state.position > film.end) this.state = reduce(this.state, { type: "seek", step: film.end });
    const frame = film.frameAt(this.state.position + 1e-6);
    if (!frame) return;
    if (!this.model) this.openModel(frame);
    if (this.held?.chunk !== frame.chunk || this.held.index !== frame.index) {
      this.held = frame;
      this.snapshot = takeSnapshot(this.model, frame);
    }
  }

  openModel(frame) {
    this.model = buildModel(frame.chunk.header, this.data.problem);
    this.theme = readTheme(this.root);
    this.dress();
    if (!exists(this.model, this.state.selected)) this.state = { ...this.state, selected: null };
    this.narrator.due = true;
    this.reporter.soon();
  }

  /** Panels for the present model, theme and options. */
  dress() {
    this.shell.map.open(this.model, this.theme);
    this.makeRoom();
    this.painter.open(this.model, this.theme, this.options, Boolean(this.data.still));
    this.relayout();
  }

  /** Networks of blocks need as much height as their layers do. */
  makeRoom() {
    const { networkBox } = this.shell;
    const least = this.model.family === "blocks" ? `${Math.ceil(leastHeight(this.model, networkBox.clientWidth))}px` : "";
    if (networkBox.style.minHeight !== least) networkBox.style.minHeight = least;
  }

  relayout() {
    if (!this.model || !this.painter.layout) return;
    this.shell.structure.place(this.model, this.painter.layout);
    this.shell.neurons.place(this.painter.layout);
  }

  show(now, dt) {
    this.takeFrame();
    const moving = isMoving(this.state);
    this.renderStatus();
    if (!this.model) return; // no film yet, or the panels are new and have not been dressed
    const calm = this.state.calm && moving && this.lastPaint !== undefined && now - this.lastPaint < 1000 / CALM_RATE;
    if (!calm) this.paint(now, dt, moving);
    if (this.painter.layout) this.narrate(now, moving);
    if (!moving) this.refineSoon();
    this.dirty = false;
  }

  paint(now, dt, moving, refine = false) {
    const { film, history } = this.player;
    this.lastPaint = now;
    this.painter.paint(this.state, {
      frame: this.held, next: film.after(this.held), snapshot: this.snapshot, history, recorded: this.recorded(),
      moving, dt, calm: this.state.calm, lens: this.lens, lit: moving ? NOTHING_LIT : this.lit, refine, dirty: this.dirty, added: this.addedPoints(),
    });
    this.paintLandscape(moving);
    this.root.stagePaints += 1;
  }

  paintLandscape(moving) {
    const { film } = this.player;
    const { surface_url: url, plotly_url: plotly, optimisers } = this.data;
    this.shell.landscape.show({
      setup: { url, plotly, optimisers, traceUrl: this.traceUrl, link: this.state.link }, state: this.state, frame: this.held,
      next: film.after(this.held), film, moment: momentOf(this.state), model: this.model, theme: this.theme, moving,
      rate: this.snapshot.learningRate,
    });
  }

  /** A picture that stands still is drawn once more, finer. */
  refineSoon() {
    clearTimeout(this.refineTimer);
    this.refineTimer = setTimeout(() => {
      if (!isMoving(this.state) && this.model) this.paint(performance.now(), 0, false, true);
    }, REFINE_DELAY);
  }

  /** The last step that was shown: film that is only in hand is not told yet. */
  recorded() {
    return Math.max(wholeStep(this.state.furthest), this.held.step);
  }

  addedPoints() {
    return this.state.edits.filter(([step, key]) => key === "point"
      && step <= this.held.step).map(([, , value]) => readPoint(value));
  }

  renderStatus() {
    const { film, trouble, flight } = this.player;
    const { outcome, end } = film;
    this.ended = outcome !== null && this.held !== null && this.state.position >= end;
    this.shell.status.render({
      loading: !this.held && flight !== null, engine: this.awaitedEngine(), trouble, outcome, end, atEnd: this.ended,
      layer: outcome ? this.layerWords(outcome) : "",
    });
    setAttr(this.root, "data-state", this.stateName());
  }

  /** Film of blocks is never a shipped one: once it is there, the engine has all that it takes. */
  awaitedEngine() {
    return this.held && this.model?.family === "blocks" ? null : this.engine;
  }

  stateName() {
    if (this.player.trouble?.kind === "refused") return "error";
    if (!this.held) return "loading";
    return isMoving(this.state) ? "playing" : this.ended ? "ended" : "paused";
  }

  /** A layer of the header's names, as people call it. */
  layerWords(outcome) {
    const index = this.model?.layers.findIndex(({ name }) => name === outcome.layer) ?? -1;
    return index < 0 ? this.say("output_name") : layerName(this.told(), index);
  }

  narrate(now, moving) {
    setAttr(this.root, "data-step", this.held.step);
    this.narrator.render({
      told: this.told(), state: this.state, recorded: this.recorded(), moving, waiting: this.waiting, ended: this.ended,
      layout: this.painter.layout, drawn: this.painter.links?.length ?? 0,
    }, now);
  }

  told() {
    return {
      model: this.model, snapshot: this.snapshot, moment: momentOf(this.state), say: this.say, format: this.format,
      playing: this.state.playing, speed: this.state.speed,
    };
  }

  describe(id) {
    const content = this.model && this.snapshot && details(this.told(), id);
    return content ? [content.title, ...content.rows.map(([label, value]) => `${label} ${value}`)].join(", ") : id;
  }

  resize() {
    const { network, networkBox, map, loss } = this.shell;
    const changed = [[network, networkBox], [map.surface, map.box], [loss.surface, loss.box]]
      .map(([surface, box]) => surface.fit(box.clientWidth, box.clientHeight)).some(Boolean);
    if (!changed) return;
    this.lens = this.findLens();
    if (this.model) this.makeRoom();
    this.painter.resize();
    this.relayout();
    this.lastFrame = undefined;
    this.show(performance.now(), 0);
    this.wake();
  }

  /** Where the big map stands beside the network's canvas; null where it stands elsewhere. */
  findLens() {
    const network = this.shell.networkBox.getBoundingClientRect();
    const map = this.shell.map.box.getBoundingClientRect();
    if (map.left < network.right - 1) return null;
    return { top: map.top - network.top, bottom: map.bottom - network.top - MAP_MARGIN.bottom };
  }

  /** Streamlit calls again when its theme changes. */
  retheme() {
    const theme = readTheme(this.root);
    putTheme(this.root, theme);
    const options = JSON.stringify(this.options);
    if (!this.model || (sameTheme(theme, this.theme) && options === this.dressedOptions)) return;
    [this.theme, this.dressedOptions] = [theme, options];
    this.dress();
  }

  destroy() {
    cancelAnimationFrame(this.frameRequest);
    clearTimeout(this.refineTimer);
    this.reporter.stop();
    this.stopEngine();
    this.stopKeys();
    this.motion.removeEventListener("change", this.onMotion);
    for (const type of CONTROL_EVENTS) removeEventListener(type, this.giveWay, { capture: true });
    this.observer.disconnect();
    this.shell?.landscape.close();
    this.player.close();
    this.root.remove();
  }
}

/** A chunk that came with the data, as base64. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}
