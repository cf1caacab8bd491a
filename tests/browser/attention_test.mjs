// By which heads links run, and why these heads looked where they did.
import assert from "node:assert/strict";
import {test} from "node:test";

import {percentText, readJson, readText} from "./expected.mjs";
import {clickNode, openPage, placeOf, rows, screenshot, text, useBrowser} from "./support.mjs";

useBrowser();

const PAGES = ["attention", "attention-hostile"];

/** A node that reads several links and has score tables behind it. */
function reader(expected) {
  const targets = new Map();
  for (const link of expected.links) {
    if (!targets.has(link.target)) targets.set(link.target, []);
    targets.get(link.target).push(link);
  }
  return [...targets]
    .map(([id, links]) => ({id, links, tables: tablesOf(expected, id, links)}))
    .filter(({tables}) => tables.some(({terms}) => terms.length > 4))
    .sort((a, b) => b.links.length - a.links.length)[0];
}

/** Slow and obvious: query at the node's position, head among those of its links. */
function tablesOf(expected, id, links) {
  const position = Number(id.split("_")[2]);
  const heads = new Set(links.flatMap(({parts}) => parts.map(([name]) => name)));
  return expected.tables.filter(({head, query}) => query === position && heads.has(head));
}

const partsShown = (page) =>
  page
    .locator(".detail .part")
    .evaluateAll((parts) =>
      parts.map((part) => [...part.children].map((child) => child.textContent)),
    );

/** Shown with three digits, below a thousandth with two. */
function checkNumber(shown, wanted) {
  const digits = Math.abs(wanted) < 1e-3 ? 0.051 : 0.0051;
  const found = Number(shown.replace(/−/g, "-"));
  assert.ok(Math.abs(found - wanted) <= digits * Math.abs(wanted), `${shown} is not ${wanted}`);
}

function checkParts(shown, link) {
  assert.equal(shown.length, link.parts.length);
  const total = link.parts.reduce((sum, [, weight]) => sum + Math.abs(weight), 0);
  const wanted = [...link.parts].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  shown.forEach(([name, , raw, share], k) => {
    assert.equal(name, wanted[k][0]);
    checkNumber(raw, wanted[k][1]);
    assert.equal(share, percentText(Math.abs(wanted[k][1]) / total, wanted[k][1]));
  });
  const sum = link.parts.reduce((all, [, weight]) => all + weight, 0);
  assert.ok(Math.abs(sum - link.weight) <= 1e-5 * total);
}

for (const name of PAGES) {
  const expected = readJson(`${name}.expected`);

  test(`${name}: rows of inputs and outputs tell their heads`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {id, links} = reader(expected);
    await clickNode(opened, id);
    const byId = new Map(links.map((link) => [link.source, link]));
    const shown = await rows(page, "inputs");
    assert.equal(shown.length, Math.min(100, links.length));
    // With the mouse: the head of a row opens its parts and closes them; the rest goes to the node.
    const source = await page.evaluate(() => {
      const {inputs} = window.circuitPage.nodePanel;
      return inputs.items.map(({node}) => window.circuitPage.page.graph.ids[node]);
    });
    for (const [k, at] of source.slice(0, 4).entries()) {
      await page.locator(`#inputs-${k} .way`).click();
      checkParts(await partsShown(page), byId.get(at));
      assert.equal(await page.locator(".detail").count(), 1);
      assert.equal(await text(page, "#node-name"), await nameOf(page, id));
    }
    await screenshot(page, `${name}-link`);
    await page.locator(`#inputs-${Math.min(4, source.length) - 1} .way`).click();
    assert.equal(await page.locator(".detail").count(), 0);
    // With keys: the active row shows its parts, and they are read out.
    await page.locator("#inputs").focus();
    await page.keyboard.press("ArrowDown");
    checkParts(await partsShown(page), byId.get(source[0]));
    const row = page.locator("#inputs [aria-selected=true]");
    assert.match(await row.getAttribute("aria-label"), /mostly by/);
    assert.equal(
      await page.locator(`#${await row.getAttribute("aria-describedby")} .part`).count(),
      byId.get(source[0]).parts.length,
    );
    await page.keyboard.press("ArrowDown");
    checkParts(await partsShown(page), byId.get(source[1]));
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), source[1]);
    // From the other end it is the same link.
    const back = await page.evaluate((to) => {
      const {outputs} = window.circuitPage.nodePanel;
      return outputs.items.findIndex(({node}) => window.circuitPage.page.graph.ids[node] === to);
    }, id);
    await page.locator(`#outputs-${back} .way`).click();
    checkParts(await partsShown(page), byId.get(source[1]));
    assert.ok(graph.attention.divided);
    await opened.close();
  });

  test(`${name}: scores behind a node are shown with their pairs`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {id, tables} = reader(expected);
    await clickNode(opened, id);
    assert.equal(Number(await text(page, "#scores-count")), tables.length);
    const scores = page.locator(".score");
    assert.equal(await scores.count(), tables.length);
    for (const [k, table] of tables.entries()) {
      const score = scores.nth(k);
      assert.equal(await score.locator("summary .head").textContent(), table.head);
      const cell = await score.locator("summary .cell").textContent();
      assert.ok(cell.includes(`“${graph.tokens[table.key]}” (${table.key})`), cell);
      assert.equal(cell.includes(", not at"), table.contrast);
    }
    await scores.first().scrollIntoViewIfNeeded();
    await screenshot(page, `${name}-scores`);
    const [table] = tables,
      [raises, lowers] = [0, 1].map((k) => scores.first().locator("[role=grid]").nth(k));
    assert.equal(
      await raises.locator("[role=row]").count(),
      table.terms.filter(([, , value]) => value >= 0).length,
    );
    assert.equal(
      await lowers.locator("[role=row]").count(),
      table.terms.filter(([, , value]) => value < 0).length,
    );
    for (const value of await raises.locator(".raw").allTextContents()) assert.match(value, /^\+/);
    for (const value of await lowers.locator(".raw").allTextContents()) assert.match(value, /^−/);
    // Bars by position.
    const bars = await scores.first().locator(".positions td.raw").allTextContents();
    bars.slice(0, -1).forEach((value, p) => checkNumber(value, table.positions[p]));
    assert.equal(bars.length, await positionsOf(page, table));
    // Whatever the texts say, they are texts.
    assert.equal(await page.locator("aside :is(img, a, b, iframe, script, style)").count(), 0);
    await opened.close();
  });

  test(`${name}: both sides of a pair lead to their nodes, with mouse and keys`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {id, tables} = reader(expected);
    const known = (source) => graph.index.has(source);
    const k = tables.findIndex(({terms}) => terms.some(([a, b]) => known(a) && known(b)));
    assert.ok(k >= 0, "no table with a pair of nodes on the page");
    await clickNode(opened, id);
    const score = page.locator(".score").nth(k);
    if (k > 0) await score.locator("summary").click();
    const row = score.locator("[role=row]:has(button ~ *, div:nth-child(2) button)").first();
    const button = row.locator("button").last();
    await button.scrollIntoViewIfNeeded();
    const wanted = await button.locator(".name").textContent();
    await button.click();
    assert.ok(wanted.startsWith(await text(page, "#node-name")), wanted);

    await page.evaluate((back) => window.circuitPage.actions.select(back), id);
    if (k > 0) await page.locator(".score").nth(k).locator("summary").click();
    const grid = page.locator(".score").nth(k).locator("[role=grid]").first();
    assert.equal(await grid.locator("[tabindex='0']").count(), 1);
    await grid.locator("[tabindex='0']").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    const focused = () =>
      page.evaluate(() => {
        const cell = document.activeElement,
          rows = [...cell.closest("[role=grid]").querySelectorAll("[role=row]")];
        const at = rows.indexOf(cell.closest("[role=row]"));
        return [at, [...rows[at].querySelectorAll("[data-cell]")].indexOf(cell)];
      });
    assert.deepEqual(await focused(), [1, 1]);
    await page.keyboard.press("End");
    assert.equal((await focused())[0], (await grid.locator("[role=row]").count()) - 1);
    assert.equal(await grid.locator("[tabindex='0']").count(), 1);
    await opened.close();
  });

  test(`${name}: a line of what is selected opens its row`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {id, links} = reader(expected);
    await clickNode(opened, id);
    // Where the line of one link is alone: tried along each until a click opens a row.
    let opened_row = null;
    for (const link of links) {
      const from = await placeOf(opened, link.source),
        to = await placeOf(opened, id);
      for (const t of [0.3, 0.5, 0.7]) {
        const x = from[0] + (to[0] - from[0]) * t * t * (3 - 2 * t),
          y = from[1] + (to[1] - from[1]) * t * (1.5 - 1.5 * t + t * t);
        await page.mouse.move(x, y);
        if (await page.locator("#tooltip").isVisible()) continue; // a node is near
        await page.mouse.click(x, y);
        opened_row = await page.evaluate(() => {
          const {inputs} = window.circuitPage.nodePanel;
          return inputs.active < 0
            ? null
            : window.circuitPage.page.graph.ids[inputs.items[inputs.active].node];
        });
        if (opened_row) break;
      }
      if (opened_row) break;
    }
    assert.ok(opened_row, "no line could be clicked");
    checkParts(
      await partsShown(page),
      links.find(({source}) => source === opened_row),
    );
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), id);
    assert.ok(graph.index.has(opened_row));
    await opened.close();
  });
}

const nameOf = (page, id) =>
  page.evaluate((node) => {
    const {graph} = window.circuitPage.page,
      i = graph.index.get(node);
    return graph.kind[i] === 3 ? "output" : `L${graph.layer[i]}/${graph.feature[i]}`;
  }, id);

/** Positions up to the later key, and biases. */
const positionsOf = async (page, {head, query, key}) => {
  const other = await page.evaluate(
    ([h, q, k]) =>
      window.circuitPage.page.graph.attention.tables.find(
        (table) => table.head.join(".") === h && table.query === q && table.key === k,
      ).other_key ?? 0,
    [head, query, key],
  );
  return Math.max(key, other) + 2;
};

test("a graph without such details shows none of it", async () => {
  const opened = await openPage("demo"),
    {page, graph} = opened;
  await clickNode(opened, graph.ids[graph.kind.indexOf(3)]);
  assert.equal(await page.locator("#scores-panel").isHidden(), true);
  assert.equal(await page.locator(".way").count(), 0);
  await page.locator("#inputs").focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.locator(".detail").count(), 0);
  assert.equal(graph.attention, null);
  assert.equal(readText("demo.html").includes('"part_link"'), false);
  await opened.close();
});

test("tables alone are those of the position and of layers below; parts alone show no scores", async () => {
  const tables = await openPage("attention-tables"),
    {page, graph} = tables,
    expected = readJson("attention-tables.expected");
  const feature = graph.ids.findIndex(
    (_, i) =>
      graph.kind[i] === 0 &&
      graph.offset[i] < graph.offset[i + 1] &&
      expected.tables.some(
        ({head, query}) =>
          query === graph.position[i] && Number(head.split(".")[0]) <= graph.layer[i],
      ),
  );
  await page.evaluate((id) => window.circuitPage.actions.select(id), graph.ids[feature]);
  const wanted = expected.tables.filter(
    ({head, query}) =>
      query === graph.position[feature] && Number(head.split(".")[0]) <= graph.layer[feature],
  );
  assert.equal(await page.locator(".score").count(), wanted.length);
  assert.equal(await page.locator(".way").count(), 0);
  await tables.close();

  const parts = await openPage("attention-parts");
  await clickNode(parts, parts.graph.ids[parts.graph.kind.indexOf(3)]);
  assert.ok((await parts.page.locator(".way").count()) > 0);
  assert.equal(await parts.page.locator("#scores-panel").isHidden(), true);
  await parts.close();
});

test("the page that is saved keeps both, and the dark one shows them", async () => {
  const opened = await openPage("attention", {scheme: "dark", size: {width: 1440, height: 1400}}),
    {page} = opened,
    {id, tables} = reader(readJson("attention.expected"));
  await clickNode(opened, id);
  await page.locator("#inputs-0 .way").click();
  await screenshot(page, "attention-dark");
  await page.locator("#menu summary").click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#save-page").click(),
  ]);
  const path = `${await download.path()}.html`;
  await download.saveAs(path);
  const again = await openPage("attention", {path});
  assert.equal(await again.page.locator(".score").count(), tables.length);
  await again.close();
  await opened.close();
});
