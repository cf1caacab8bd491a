// Opens pages in Chromium without a network, and works them as a person does.
import assert from "node:assert/strict";
import {mkdtempSync, readFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before} from "node:test";
import {pathToFileURL} from "node:url";

import {chromium} from "playwright-core";

import {placeNodes} from "../../export/page/web/core/layout.mjs";
import {shownAt} from "../../export/page/web/core/prune.mjs";
import {graphFromText} from "../../export/page/web/core/viewer_json.mjs";
import {folder, readText, viewerGraph} from "./expected.mjs";

// Without these Chromium itself asks hosts for news, which no page made it do.
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SIZE = {width: 1440, height: 900};

let browser;

/** To be called once in a test file. */
export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CIRCUIT_CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
    });
  });
  after(() => browser.close());
}

/** A page whose scripts have set `ready`, with the problems that it had so far. */
async function openFile(path, ready, {hash, size, scheme}) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: scheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const problems = [],
    url = pathToFileURL(path).href;
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== url && !request.url().startsWith("blob:"))
      problems.push(`request of ${request.url()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(url + hash);
  await page.waitForFunction((name) => window[name] !== undefined, ready);
  const close = async () => {
    await context.close();
    assert.deepEqual(problems, []);
  };
  return {page, problems, close};
}

/** The page of attention patterns. */
export const openPatterns = (name, {size = SIZE, scheme = "light"} = {}) =>
  openFile(join(folder, `${name}.html`), "circuitPatterns", {hash: "", size, scheme});

/**
 * A page that is open: `page` of playwright, `graph` as its scripts have it, `expected` of the viewer
 * file. `close` fails when the page asked for anything or reported an error.
 */
export async function openPage(
  name,
  {
    path = join(folder, `${name}.html`),
    hash = "",
    size = SIZE,
    scheme = "light",
    graphName = name,
  } = {},
) {
  const opened = await openFile(path, "circuitPage", {hash, size, scheme});
  const graph = graphFromText(readText(`${graphName}.html`));
  return {...opened, graph, name};
}

/** The graph as the command line wrote it, and what both sliders at the right leave. */
export const fileGraph = (name) => viewerGraph(`${name}.json`);
export const shownWhole = (graph) =>
  shownAt(graph, graph.head.node_threshold, graph.head.edge_threshold);

/** Where a node is drawn when nothing is zoomed. */
export async function placeOf({page, graph}, id) {
  const box = await page.locator("#link-graph").boundingBox();
  const size = await page
    .locator("#link-graph")
    .evaluate((panel) => [panel.clientWidth, panel.clientHeight]);
  const layout = placeNodes(graph, ...size),
    i = graph.index.get(id);
  return [box.x + layout.x[i], box.y + layout.y[i]];
}

export async function clickNode(opened, id, modifiers = []) {
  const [x, y] = await placeOf(opened, id);
  for (const key of modifiers) await opened.page.keyboard.down(key);
  await opened.page.mouse.click(x, y);
  for (const key of modifiers) await opened.page.keyboard.up(key);
}

export async function hoverNode(opened, id) {
  const [x, y] = await placeOf(opened, id);
  await opened.page.mouse.move(x + 1, y + 1);
  await opened.page.mouse.move(x, y);
}

/** Texts of a list's rows: [[name, text, …], …]. */
export const rows = (page, id) =>
  page
    .locator(`#${id} [role=option]`)
    .evaluateAll((options) =>
      options.map((option) =>
        Object.fromEntries(
          [...option.children]
            .filter((part) => part.classList.length > 0)
            .map((part) => [part.classList[0], part.textContent]),
        ),
      ),
    );

export const text = (page, selector) => page.locator(selector).innerText();

export async function setSlider(page, id, value) {
  await page.locator(`#${id}`).evaluate((slider, to) => {
    slider.value = String(to);
    slider.dispatchEvent(new Event("input", {bubbles: true}));
  }, value);
}

/** {name: [replacement, completeness]} of the table of scores, null for none. */
export async function scores(page) {
  const all = await page
    .locator("#scores tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  return Object.fromEntries(
    all.map(([name, ...values]) => [
      name,
      values.map((value) => (value === "–" ? null : Number(value))),
    ]),
  );
}

export function near(found, expected, within = 5e-5) {
  assert.ok(Math.abs(found - expected) <= within, `${found} is not ${expected}`);
}

/** Clicks what starts a download; {name, bytes} of it. */
export async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  const path = join(mkdtempSync(join(tmpdir(), "circuit-")), download.suggestedFilename());
  await download.saveAs(path);
  return {name: download.suggestedFilename(), path, bytes: readFileSync(path)};
}

export async function menu(page, id) {
  await page.locator("#menu summary").click();
  return page.locator(`#${id}`).click();
}

export const screenshot = (page, name) =>
  page.screenshot({path: join(process.env.CIRCUIT_SCREENSHOTS, `${name}.png`)});

/** Nodes that people would look at: outputs, a busy feature, a token. */
export function someNodes(graph) {
  const shown = shownWhole(graph);
  const features = [...graph.kind.keys()]
    .filter((i) => graph.kind[i] === 0)
    .sort((a, b) => graph.influence[b] - graph.influence[a] || a - b);
  const output = graph.kind.indexOf(3);
  const busy = features.slice(0, 40).sort((a, b) => shown.inputs[b] - shown.inputs[a])[0];
  return {
    output: graph.ids[output],
    busy: graph.ids[busy],
    features: features.map((i) => graph.ids[i]),
    tokens: graph.ids.filter((_, i) => graph.kind[i] === 2),
  };
}
