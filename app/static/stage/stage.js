/**
 * The stage: one experiment's film with everything around it. Holds the state and the loop; every part it calls either
 * computes (reducer, timeline, film, scene) or shows (painter, panels), never both.
 */

import { createCard } from "./card.js";
import { caption, details, layerName, pictureText } from "./describe.js";
import { h, setAttr, setHidden, setText } from "./dom.js";
import { watchEngine } from "./engine.js";
import { createKeys } from "./keys.js";
import { listenToKeys, listenToNetwork } from "./input.js";
import { address, pointValue, readPoint } from "./link.js";
import { createLossPanel } from "./lossPanel.js";
import { createMapPanel } from "./mapPanel.js";
import { buildModel, edgeCount, exists, parseId } from "./model.js";
import { createNeurons } from "./neurons.js";
import { createFormat } from "./numbers.js";
import { Painter } from "./painter.js";
import { MAP_MARGIN } from "./plot/frame.js";
import { Player } from "./player.js";
import { INITIAL, isMoving, momentOf, reduce } from "./reducer.js";
import { createStatus } from "./status.js";
import { createStructure } from "./structure.js";
import { createSurface } from "./surface.js";
import { takeSnapshot } from "./snapshot.js";
import { createTable } from "./table.js";
import { readTheme } from "./theme.js";
import { PHASES, SPEEDS } from "./timeline.js";
import { createTransport } from "./transport.js";
import { createSay } from "./words.js";

/** Milliseconds between changes of words and sliders while the film runs. */
const WORDS_PERIOD = { slow: 80, fast: 200 };
const LIVE_PERIOD = 1000;
const REPORT_DELAY = 300;
const REFINE_DELAY = 140;
/** With reduced motion a playing film is a slide show of so many pictures a second. */
const CALM_RATE = 2;

export class Stage {
  /** @param {ShadowRoot|HTMLElement} parent */
  constructor(parent) {
    this.parent = parent;
    this.state = INITIAL;
    this.held = null;
    this.frameRequest = 0;
    this.dirty = true;
    this.stopEngine = () => {};
    this.player = new Player({ onChange: () => this.wake() });
    this.root = h("div", { class: "stage", "data-state": "loading" });
    /** For tests and the curious: how often the stage has painted. */
    this.root.stagePaints = 0;
    parent.append(this.root);
    this.observer = new ResizeObserver(() => this.resize());
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
    this.options = { show_test: false, discretise: false, ...data.options };
    const other = data.link !== this.state.link || data.trace_url !== this.traceUrl;
    if (other) this.open(data);
    else this.applyLive(data.live ?? {});
    this.data = data;
    this.live = data.live ?? {};
    this.retheme();
    this.wake();
  }

  /** The DOM, in the data's language. */
  build({ words, locale, options }) {
    const tools = {
      say: createSay(words), format: createFormat(locale), act: this.act,
      send: (action) => this.hooks.setTriggerValue("action", action), retry: () => this.retry(),
      addPoint: (x1, x2, label) => this.edit("point", pointValue(x1, x2, label)), follow: (move) => this.followBy(move),
      describe: (id) => this.describe(id),
    };
    this.unlisten?.();
    Object.assign(this, {
      say: tools.say, format: tools.format,
      transport: createTransport(tools), structure: createStructure(tools), card: createCard(), table: createTable(tools),
      status: createStatus(tools), loss: createLossPanel(tools), map: createMapPanel(tools), neurons: createNeurons(tools),
    });
    this.networkCanvas = h("canvas", { role: "img" });
    this.network = createSurface(this.networkCanvas);
    this.painter = new Painter({ network: this.network, map: this.map, loss: this.loss, format: this.format, say: this.say });
    this.assemble();
    for (const part of options?.hidden ?? []) this.root.querySelectorAll(`[data-part~="${CSS.escape(part)}"]`).forEach((element) => (element.hidden = true));
    this.model = null;
    this.listen();
  }

  assemble() {
    const { structure, neurons, card, map, loss, transport, table, status } = this;
    this.networkBox = h("div", { class: "network-box" }, this.networkCanvas, structure.features, neurons.element, structure.above, card.element);
    this.phases = PHASES.map(({ name }) => h("li", { "data-phase": name, text: this.say(`phase_${name}`) }));
    this.captionText = h("p", { class: "caption-text" });
    this.live_ = h("div", { class: "visually-hidden", "aria-live": "polite" });
    const told = h("div", { class: "told", "data-part": "caption" }, h("ol", { class: "phases", "aria-hidden": "true" }, ...this.phases), this.captionText);
    const networkPanel = h("section", { class: "network-panel", "aria-label": this.say("network_panel"), "data-part": "network" }, structure.row, this.networkBox, told);
    this.root.replaceChildren(status.element, h("div", { class: "main" }, networkPanel, h("div", { class: "side" }, map.element, loss.element)), transport.element, h("div", { class: "below" }, table.element, createKeys({ say: this.say })), this.live_);
    this.observer.disconnect();
    for (const box of [this.networkBox, map.box, loss.box]) this.observer.observe(box);
  }

  listen() {
    const stopKeys = listenToKeys(this.root, this.act);
    listenToNetwork(this.networkCanvas, () => (this.painter.links ? { layout: this.painter.layout, links: this.painter.links } : null), this.act);
    this.table.element.addEventListener("toggle", () => this.wake());
    this.unlisten = stopKeys;
  }

  /** Another experiment starts from its link's step, with its link's edits. */
  open(data) {
    const first = this.state.link === null;
    this.traceUrl = data.trace_url;
    this.model = null;
    this.held = null;
    this.table.reset();
    this.state = reduce(this.state, { type: "open", link: data.link, edits: data.edits ?? [], step: data.step ?? 0, intro: first });
    this.openPlayer();
    this.stopEngine();
    this.engine = null;
    this.stopEngine = data.engine_url ? watchEngine(data.engine_url, (engine) => this.onEngine(engine)) : () => {};
    this.report();
  }

  openPlayer() {
    const { link, edits, follow, position } = this.state;
    this.player.open({ traceUrl: this.traceUrl, link, edits, follow, step: position });
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
    const before = this.state;
    this.state = reduce(before, { ...action, shown: this.held?.step ?? before.position });
    if (this.state === before) return;
    this.dirty = true;
    this.wordsDue = true;
    const quiet = ["hover", "cursor", "tick", "newClass", "log"].includes(action.type);
    if (!quiet) this.report();
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
    if (moved) this.advance(dt);
    this.askForFilm();
    this.show(now, dt);
    if (isMoving(this.state) || moved) this.frameRequest = requestAnimationFrame(this.loop);
    else this.lastFrame = undefined;
  };

  advance(dt) {
    const { film, rate } = this.player;
    const every = this.state.goal ? 1 : Math.max(1, Math.round(SPEEDS[this.state.speed] / rate));
    const covered = film.coverage(Math.floor(this.state.position), every);
    const before = this.state;
    this.state = reduce(before, { type: "tick", dt, limit: covered - 1e-3, end: film.end });
    this.waiting = this.state.position === before.position;
    if (isMoving(before) && !isMoving(this.state)) this.report();
  }

  askForFilm() {
    const { position, goal, playing, speed } = this.state;
    this.player.want({ position: Math.min(goal?.position ?? position, this.player.film.end), speed: SPEEDS[speed], playing });
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
    this.map.open(this.model, this.theme);
    this.painter.open(this.model, this.theme, this.options);
    if (!exists(this.model, this.state.selected)) this.state = { ...this.state, selected: null };
    this.relayout();
    this.wordsDue = true;
  }

  relayout() {
    if (!this.model || !this.painter.layout) return;
    this.structure.place(this.model, this.painter.layout);
    this.neurons.place(this.painter.layout);
  }

  show(now, dt) {
    this.takeFrame();
    const moving = isMoving(this.state);
    this.renderStatus();
    if (!this.snapshot || !this.held) return;
    const calm = this.state.calm && moving && this.lastPaint !== undefined && now - this.lastPaint < 1000 / CALM_RATE;
    if (!calm || this.dirty && !moving) this.paint(now, dt, moving);
    this.renderWords(now, moving);
    if (!moving) this.refineSoon();
    this.dirty = false;
  }

  paint(now, dt, moving, refine = false) {
    const { film, history } = this.player;
    this.lastPaint = now;
    this.painter.paint(this.state, {
      frame: this.held, next: film.after(this.held), snapshot: this.snapshot, history, recorded: this.recorded(),
      moving, dt, calm: this.state.calm, lens: this.lens, refine, dirty: this.dirty, added: this.addedPoints(),
    });
    this.root.stagePaints += 1;
  }

  /** A picture that stands still is drawn once more, finer. */
  refineSoon() {
    clearTimeout(this.refineTimer);
    this.refineTimer = setTimeout(() => {
      if (!isMoving(this.state) && this.held) this.paint(performance.now(), 0, false, true);
    }, REFINE_DELAY);
  }

  /** The last step that was shown: film that is only in hand is not told yet. */
  recorded() {
    return Math.max(Math.floor(this.state.furthest + 1e-6), this.held.step);
  }

  addedPoints() {
    return this.state.edits.filter(([step, key]) => key === "point" && step <= this.held.step).map(([, , value]) => readPoint(value));
  }

  renderStatus() {
    const { film, trouble, flight } = this.player;
    const atEnd = film.outcome !== null && this.held !== null && this.state.position >= film.end;
    const loading = !this.held && flight !== null;
    this.status.render({ loading, engine: this.engine, trouble, outcome: film.outcome, end: film.end, atEnd, layer: this.layerWords(film.outcome) });
    const phase = trouble?.kind === "refused" ? "error" : !this.held ? "loading" : isMoving(this.state) ? "playing" : atEnd ? "ended" : "paused";
    setAttr(this.root, "data-state", phase);
    this.atEnd = atEnd;
  }

  /** A layer of the header's names, as people call it. */
  layerWords(outcome) {
    const index = this.model?.layers.findIndex(({ name }) => name === outcome?.layer) ?? -1;
    return index < 0 ? this.say("output_name") : layerName(this.told(), index);
  }

  renderWords(now, moving) {
    const slow = momentOf(this.state).slow > 0;
    const due = this.wordsDue || !moving || now - (this.wordsAt ?? 0) > (slow ? WORDS_PERIOD.slow : WORDS_PERIOD.fast);
    if (!due) return;
    [this.wordsAt, this.wordsDue] = [now, false];
    const told = this.told();
    this.transport.render({
      playing: this.state.playing, speed: this.state.speed, step: this.held.step, epoch: this.snapshot.epoch,
      recorded: this.recorded(), edits: this.state.edits.map(([step]) => step), waiting: this.waiting && moving, ended: this.atEnd,
    });
    setAttr(this.root, "data-step", this.held.step);
    this.renderCaption(told, now, moving);
    this.loss.renderNumbers(this.snapshot, this.state.log);
    this.map.renderWords();
    this.renderCard(told);
    if (this.painter.links) this.structure.renderNote({ drawn: this.painter.links.length, total: edgeCount(this.model) });
    if (!moving) this.describeAll(told);
  }

  told() {
    return {
      model: this.model, snapshot: this.snapshot, moment: momentOf(this.state), say: this.say, format: this.format,
      playing: this.state.playing, speed: this.state.speed,
    };
  }

  renderCaption(told, now, moving) {
    const { phase, slow } = told.moment;
    const flowing = moving && slow < 0.5;
    for (const item of this.phases) setAttr(item, "data-now", flowing ? "all" : item.dataset.phase === phase);
    const text = caption(told);
    setText(this.captionText, text);
    if ((!moving || SPEEDS[told.speed] <= 1) && now - (this.liveAt ?? -LIVE_PERIOD) >= LIVE_PERIOD && this.live_.textContent !== text) {
      this.liveAt = now;
      this.live_.textContent = text;
    }
  }

  renderCard(told) {
    const id = this.state.hover ?? this.state.selected;
    const content = id && exists(this.model, id) ? details(told, id) : null;
    this.card.render(content, content ? { ...this.anchor(id), width: this.network.width, height: this.network.height } : null);
  }

  /** Where the card of a unit or an edge points at. */
  anchor(id) {
    const { layout } = this.painter;
    const part = parseId(id);
    const box = layout.units[part.layer][part.kind === "unit" ? part.unit : part.to];
    return part.kind === "unit" ? { x: box.x + box.w, y: box.y + box.h / 2 } : { x: box.x - 20, y: box.y + box.h / 2 };
  }

  describe(id) {
    const content = this.snapshot && details(this.told(), id);
    return content ? [content.title, ...content.rows.map(([label, value]) => `${label} ${value}`)].join(", ") : id;
  }

  describeAll(told) {
    const text = pictureText(told);
    setAttr(this.networkCanvas, "aria-label", text);
    this.loss.describe(text);
    this.neurons.refresh();
    this.table.render(told);
  }

  resize() {
    const { networkBox, map, loss } = this;
    const changed = [[this.network, networkBox], [map.surface, map.box], [loss.surface, loss.box]]
      .map(([surface, box]) => surface.fit(box.clientWidth, box.clientHeight)).some(Boolean);
    if (!changed) return;
    this.lens = this.findLens();
    this.painter.resize();
    this.relayout();
    this.lastFrame = undefined;
    this.show(performance.now(), 0);
    this.wake();
  }

  /** Where the big map stands beside the network's canvas; null where it stands elsewhere. */
  findLens() {
    const network = this.networkBox.getBoundingClientRect();
    const map = this.map.box.getBoundingClientRect();
    return map.left >= network.right - 1 ? { top: map.top - network.top, bottom: map.bottom - network.top - MAP_MARGIN.bottom } : null;
  }

  retheme() {
    const theme = readTheme(this.root);
    const same = JSON.stringify([theme.ink, theme.paper, theme.font]) === JSON.stringify([this.theme?.ink, this.theme?.paper, this.theme?.font]);
    setAttr(this.root, "data-theme", theme.dark ? "dark" : "light");
    for (const name of ["positive", "negative", "rise", "fall", "train", "test", "soft", "faint", "line", "ground"]) this.root.style.setProperty(`--${name}`, theme[name]);
    const options = JSON.stringify(this.options);
    if ((same && options === this.themedOptions) || !this.model) return;
    this.themedOptions = options;
    this.theme = theme;
    this.map.open(this.model, theme);
    this.painter.open(this.model, theme, this.options);
    this.relayout();
  }

  /** Tells Python and the address bar where the film stands, once it does. */
  report() {
    clearTimeout(this.reportTimer);
    this.reportTimer = setTimeout(() => {
      const { link, edits, position, follow, selected } = this.state;
      if (isMoving(this.state) || !this.held) return;
      const step = Math.floor(position + 1e-6);
      const value = { link, edits, step, follow, selected };
      if (JSON.stringify(value) === this.reported) return;
      this.reported = JSON.stringify(value);
      history.replaceState(history.state, "", address(link, edits, step, location.search) + location.hash);
      this.hooks.setStateValue("player", value);
    }, REPORT_DELAY);
  }

  destroy() {
    cancelAnimationFrame(this.frameRequest);
    clearTimeout(this.refineTimer);
    clearTimeout(this.reportTimer);
    this.stopEngine();
    this.unlisten?.();
    this.motion.removeEventListener("change", this.onMotion);
    this.observer.disconnect();
    this.player.close();
    this.root.remove();
  }
}
