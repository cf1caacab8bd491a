// Pictures for papers and slides: what the panels show, as SVG or as PNG of three times the size,
// in the colours of the light page.
import {BOX} from "../core/subgraph_layout.mjs";
import {CanvasPainter} from "./canvas_painter.mjs";
import {download, shorten} from "./dom.mjs";
import {paintAll, paintMarks} from "./link_graph.mjs";
import {boxTexts} from "./subgraph.mjs";
import {SvgPainter} from "./svg_painter.mjs";
import {heatOf, readTheme} from "./theme.mjs";

const SCALE = 3,
  MOST_PIXELS = 16000,
  MARGIN_AROUND = 16;

/** `picture`: {width, height, paint(painter)} */
export function downloadSvg(name, title, picture) {
  download(`${name}.svg`, "image/svg+xml", svgText(title, picture));
}

export function svgText(title, picture) {
  const painter = new SvgPainter(picture.width, picture.height, title, readTheme(true).background);
  picture.paint(painter);
  return painter.finish();
}

export async function downloadPng(name, picture) {
  const scale = Math.min(SCALE, MOST_PIXELS / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = readTheme(true).background;
  context.fillRect(0, 0, picture.width, picture.height);
  picture.paint(new CanvasPainter(context));
  download(
    `${name}.png`,
    "image/png",
    await new Promise((done) => canvas.toBlob(done, "image/png")),
  );
}

/** The part of the link graph that is in sight. */
export function linkGraphPicture(linkGraph, model) {
  const print = {...model, theme: readTheme(true)};
  const scene = {...linkGraph.scene(), theme: print.theme};
  const paint = (painter) => {
    paintAll(painter, scene, print, linkGraph.visibleLinks());
    paintMarks(painter, scene, print);
  };
  return {width: scene.layout.width, height: scene.layout.height, paint};
}

/** All of the subgraph, whatever part is in sight. */
export function subgraphPicture(subgraph, model) {
  const {boxes, boxLinks} = model,
    theme = readTheme(true);
  const at = boxes.map((box) => subgraph.places[box.id]);
  const left = Math.min(...at.map(([x]) => x)) - BOX.width / 2 - MARGIN_AROUND;
  const top = Math.min(...at.map(([, y]) => y)) - BOX.height / 2 - MARGIN_AROUND;
  const width = Math.max(...at.map(([x]) => x)) + BOX.width / 2 + MARGIN_AROUND - left;
  const height = Math.max(...at.map(([, y]) => y)) + BOX.height / 2 + MARGIN_AROUND - top;
  const places = at.map(([x, y]) => [x - left, y - top]);
  const paint = (painter) => {
    for (const {source, target, weight, share} of boxLinks) {
      const [x1, y1] = places[source],
        [x2, y2] = places[target];
      painter.links([x1, y1 - BOX.height / 2, x2, y2 + BOX.height / 2], {
        colour: weight < 0 ? theme.negative : theme.positive,
        width: 1 + 9 * share,
        alpha: 0.6,
      });
    }
    boxes.forEach((box, b) => paintBox(painter, theme, model, box, places[b]));
  };
  return {width, height, paint};
}

function paintBox(painter, theme, model, box, [x, y]) {
  const [name, text] = boxTexts(model, box),
    left = x - BOX.width / 2,
    top = y - BOX.height / 2;
  const style = {stroke: theme.text, radius: 7, line: 1};
  if (box.group)
    painter.rect(left + 4, top - 4, BOX.width, BOX.height, {...style, fill: theme.background});
  painter.rect(left, top, BOX.width, BOX.height, {
    ...style,
    fill: heatOf(theme, model.strengthOf(box)),
  });
  painter.text(x, text ? y - 3 : y + 4, shorten(name, 17), {
    colour: theme.text,
    size: 12,
    anchor: "middle",
    bold: true,
  });
  if (text)
    painter.text(x, y + 12, shorten(text, 19), {colour: theme.text, size: 11, anchor: "middle"});
}
