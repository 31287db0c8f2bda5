/**
 * Paints the network, the map and the loss curve from state and film; decides how often the dear parts are made anew.
 */

import { BlockPainter } from "./blocks/painter.js";
import { inputName } from "./describe.js";
import { EdgeLayer } from "./edgeLayer.js";
import { drawScene, tilePath } from "./marks/index.js";
import { layoutNetwork } from "./layout/index.js";
import { chooseLinks, dependsOnFocus } from "./links.js";
import { BigMap } from "./bigMap.js";
import { Parameters } from "./model.js";
import { extent } from "./plot/frame.js";
import { Responses } from "./responses.js";
import { makeScene } from "./scene.js";
import { momentOf } from "./reducer.js";
import { rampColours } from "./theme.js";
import { Tiles } from "./tiles.js";
import { ease } from "./timeline.js";

/** Samples along a side of the response maps while they move, and when they stand still. */
const SIDE = { moving: 48, still: 120 };
/** Milliseconds of response maps that one displayed frame may cost, on average. */
const MAP_BUDGET = 2.5;
/** A still picture is drawn finer if that takes no longer than this. */
const STILL_BUDGET = 120;
/** The loss curve is drawn every so many frames while the film runs. */
const LOSS_CADENCE = 4;
/** Frames between pictures of a followed example with its answer. */
const BLOCK_MAP_CADENCE = 3;
/** Frames between choices of the strongest edges of a large network. */
const LINK_CADENCE = 40;

export class Painter {
  /**
   * @param {{network: object, map: object, loss: object, format: object, say: Function}} parts
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.count = 0;
    this.mapCost = 1;
    this.mapKey = "";
    this.flow = 0;
    this.edgeLayer = new EdgeLayer();
  }

  /** Another experiment or theme. */
  open(model, theme, options, still = false) {
    Object.assign(this, { model, theme, options, still });
    this.parameters = new Parameters(model);
    this.responses = new Responses(model, domainOf(model));
    this.tiles = new Tiles(this.responses, theme);
    this.big = new BigMap(this.responses, theme);
    this.colours = rampColours(theme);
    this.mapKey = "";
    this.links = null;
    this.blocks = model.family === "blocks" ? new BlockPainter(model, theme) : null;
    this.names = Array.from({ length: model.layers[0].units }, (_, unit) => inputName(model, unit, this.say));
    if (this.network.width > 0) this.resize();
  }

  resize() {
    if (!this.model || this.network.width === 0) return;
    this.layout = layoutNetwork(this.model, { ...this.network, still: this.still });
    if (this.blocks) {
      this.links = [];
      this.blocks.place(this.layout);
      return;
    }
    this.outline = tilePath(this.layout.units.slice(this.model.image > 0 ? 1 : 0).flat());
    this.idle = this.layout.features.filter(({ active }) => !active);
    this.links = null;
  }

  /**
   * @param {import("./reducer.js").State} state
   * @param {{frame: object, next: object|null, snapshot: object, history: object, recorded: number, moving: boolean,
   *   dt: number, calm: boolean,
   *   lit: Set<string>, lens: {top: number, bottom: number}|null, refine: boolean, dirty: boolean, added: number[][]}} now
   */
  paint(state, now) {
    this.count += 1;
    if (now.moving) this.flow = now.calm ? null : (this.flow ?? 0) + now.dt;
    const moment = momentOf(state);
    this.showParameters(state, moment, now);
    const highlight = state.hover ?? (now.lit.size > 0 ? null : state.selected);
    const mapped = this.refreshMaps(state, now);
    this.paintNetwork(state, moment, highlight, now);
    if (mapped || now.dirty || !now.moving) this.paintMap(state, highlight, now);
    if (!now.moving || now.dirty || this.count % LOSS_CADENCE === 0) this.paintLoss(state, now);
  }

  showParameters(state, moment, { frame, next }) {
    if (moment.phase === "update") this.parameters.showUpdate(frame, ease(moment.progress));
    else if (moment.slow > 0 || moment.phase === "rest" || !next) this.parameters.show(frame, null, 0);
    else this.parameters.show(frame, next, Math.min(1, (state.position - frame.step) / (next.step - frame.step)));
  }

  /** @returns {boolean} whether the maps are new */
  refreshMaps(state, { moving, refine, frame }) {
    if (this.blocks) return this.count % BLOCK_MAP_CADENCE === 0;
    const side = refine && !moving && this.stillCost() < STILL_BUDGET ? SIDE.still : SIDE.moving;
    const cadence = Math.min(20, Math.max(2, Math.ceil(this.mapCost / MAP_BUDGET)));
    const key = `${frame.step} ${state.position}`;
    const early = moving && this.mapKey !== "" && this.count % cadence !== 0;
    if (early || (key === this.mapKey && side <= this.mapSide)) return false;
    const start = performance.now();
    this.computeMaps(side);
    if (side === SIDE.moving) this.mapCost += 0.2 * (performance.now() - start - this.mapCost);
    Object.assign(this, { mapKey: key, mapSide: side });
    return true;
  }

  computeMaps(side) {
    const { layers } = this.parameters;
    if (this.model.kind === "table") return this.model.image > 0 && this.tiles.refreshWeights(layers[0]);
    this.responses.refresh(layers, side);
    return this.model.kind === "plane" && this.tiles.refresh();
  }

  stillCost() {
    return this.mapCost * (SIDE.still / SIDE.moving) ** 2;
  }

  paintNetwork(state, moment, highlight, { snapshot, moving, lens, lit }) {
    const { ctx, width, height } = this.network;
    if (!this.layout || width === 0) return;
    if (this.blocks) {
      ctx.clearRect(0, 0, width, height);
      this.blocks.paint(ctx, { snapshot, moment, highlight, selected: state.selected, lit, flow: this.flow,
        tools: this });
      return;
    }
    this.refreshLinks(highlight, lit);
    const numbers = this.layout.roomy && (!moving || moment.slow > 0.5);
    const scene = makeScene({
      model: this.model, layout: this.layout, links: this.links, weights: this.parameters.layers, snapshot, moment, highlight, lit,
      names: this.names, selected: state.selected, flow: this.flow, numbers, 
      lens: this.model.kind === "table" || this.still ? null : lens,
    });
    ctx.clearRect(0, 0, width, height);
    this.paintFeatures(ctx);
    drawScene(ctx, scene, {
      theme: this.theme, tiles: this.tiles, responses: this.responses, format: this.format, say: this.say,
      colours: this.colours, outline: this.outline, edges: this.edgesFor(moving && moment.slow === 0, highlight),
    });
  }

  /** How to draw the edges: from the layer in a film that flows, anew where their phases are told. */
  edgesFor(flowing, highlight) {
    const { ctx } = this.network;
    if (flowing) return (draw) => this.edgeLayer.paint(ctx, this.network, draw, { links: this.links, highlight });
    this.edgeLayer.expire();
    return (draw) => draw(ctx);
  }

  /** Inputs that are switched off, faintly. */
  paintFeatures(ctx) {
    ctx.globalAlpha = 0.28;
    for (const box of this.idle) this.tiles.paintFeature(ctx, box.name, box);
  }

  refreshLinks(highlight, lit) {
    const focus = dependsOnFocus(this.model, highlight) ? highlight : null;
    const stale = focus !== this.linkFocus || lit !== this.linkLit || (dependsOnFocus(this.model, "u0.0") && this.count % LINK_CADENCE === 0);
    if (this.links && !stale) return;
    Object.assign(this, { linkFocus: focus, linkLit: lit });
    this.links = chooseLinks(this.model, this.layout, this.parameters.layers, focus, lit);
  }

  paintMap(state, highlight, { snapshot, added }) {
    this.map.draw({
      model: this.model, responses: this.responses, big: this.big, layers: this.parameters.layers, snapshot, state,
      options: this.options, theme: this.theme, highlight, added,
    });
  }

  paintLoss(state, { history, recorded, snapshot }) {
    this.loss.draw({
      history, recorded, step: snapshot.step, log: state.log, edits: [...new Set(state.edits.map(([step]) => step))],
      theme: this.theme, format: this.format,
    });
  }
}

/** The plane's domain, or the line's from its examples. @returns {[number, number]} */
function domainOf({ kind, problem }) {
  if (problem.domain) return problem.domain;
  const xs = [...(problem.train ?? []), ...(problem.test ?? [])].map(([x]) => x);
  return kind === "line" && xs.length > 0 ? extent(xs, 0.04) : [-1, 1];
}
