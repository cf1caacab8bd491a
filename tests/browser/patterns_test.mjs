// The page of attention patterns: the grid, a chosen head, what it says of a cell.
import assert from "node:assert/strict";
import {test} from "node:test";

import {readJson} from "./expected.mjs";
import {openPatterns, screenshot, text, useBrowser} from "./support.mjs";

useBrowser();

const PAGES = ["patterns-of-attention", "patterns-of-attention-hostile"];

const weightOf = (expected, head, query, key) =>
  expected.weights[head][query * expected.tokens.length + key];

/** `3.2: “a” (5) looks at “b” (1): 6.5 %`, taken apart from its end, as tokens may hold anything. */
function checkReadout(shown, expected, [head, query, key]) {
  assert.ok(shown.startsWith(`${head}: “`), shown);
  const [, at, share] = shown.match(/” \((\d+)\): ([\d.]+) %$/s);
  assert.equal(Number(at), key);
  assert.ok(shown.includes(`” (${query}) looks at “`), shown);
  const wanted = 100 * weightOf(expected, head, query, key);
  assert.ok(Math.abs(Number(share) - wanted) <= 0.051, `${share} is not ${wanted}`);
}

/** Where a cell of the large map is, once it is in sight. */
async function cellAt(page, query, key) {
  await page.locator("#large-map").scrollIntoViewIfNeeded();
  const box = await page.locator("#large-map").boundingBox();
  const {left, top, cell} = await page.evaluate(() => window.circuitPatterns.layout);
  return [box.x + left + (key + 0.5) * cell, box.y + top + (query + 0.5) * cell];
}

for (const name of PAGES) {
  const expected = readJson(`${name}.expected`),
    last = expected.tokens.length - 1;

  test(`${name}: every head has its map`, async () => {
    const {page, close} = await openPatterns(name);
    assert.deepEqual(
      await page.locator("[data-head]").evaluateAll((maps) => maps.map((map) => map.dataset.head)),
      [5, 4, 3, 2, 1, 0].flatMap((layer) => [0, 1, 2, 3].map((head) => `${layer}.${head}`)),
    );
    // A stronger cell is never painted lighter than a weaker one.
    const pixels = await page.locator("[data-head='3.0'] canvas").evaluate((canvas) => {
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [...data].filter((_, k) => k % 4 === 0);
    });
    const seen = [];
    for (let query = 0; query <= last; ++query)
      for (let key = 0; key <= query; ++key)
        seen.push([weightOf(expected, "3.0", query, key), pixels[query * (last + 1) + key]]);
    seen.sort((a, b) => a[0] - b[0]);
    seen.forEach(([, red], k) => assert.ok(k === 0 || red <= seen[k - 1][1]));
    assert.ok(seen.at(-1)[1] < seen[0][1]);
    assert.equal(await text(page, "#large-name"), "Head 2.3");
    await screenshot(page, name);
    await close();
  });

  test(`${name}: pointing at a cell names query, key and weight`, async () => {
    const {page, close} = await openPatterns(name);
    await page.locator("[data-head='1.2']").click();
    assert.equal(await text(page, "#large-name"), "Head 1.2");
    for (const [query, key] of [
      [last, 0],
      [last, last - 1],
      [1, 1],
    ]) {
      await page.mouse.move(...(await cellAt(page, query, key)));
      checkReadout(await page.locator("#readout").textContent(), expected, ["1.2", query, key]);
      const most = await page.locator("#keys-of-query .value").first().innerText();
      const row = expected.tokens.map((_, k) => weightOf(expected, "1.2", query, k));
      assert.ok(Math.abs(Number.parseFloat(most) - 100 * Math.max(...row)) <= 0.051);
    }
    // In the grid too.
    const box = await page.locator("[data-head='4.1']").boundingBox(),
      n = last + 1;
    await page.mouse.move(box.x + box.width * (0.5 / n), box.y + box.height * (1 - 0.5 / n));
    checkReadout(await page.locator("#readout").textContent(), expected, ["4.1", last, 0]);
    await close();
  });

  test(`${name}: keys choose a head and walk its cells`, async () => {
    const {page, close} = await openPatterns(name);
    await page.locator("#heads [tabindex='0']").focus();
    assert.equal(await page.locator("#heads [tabindex='0']").count(), 1);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    assert.equal(await text(page, "#large-name"), "Head 4.1");
    assert.equal(await page.locator("[aria-current]").getAttribute("data-head"), "4.1");
    await page.locator("#large-map").focus();
    await page.keyboard.press("ArrowLeft");
    checkReadout(await page.locator("#readout").textContent(), expected, ["4.1", last, last]);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowUp");
    checkReadout(await page.locator("#readout").textContent(), expected, [
      "4.1",
      last - 1,
      last - 1,
    ]);
    assert.match(page.url(), /#4\.1$/);
    await close();
  });

  test(`${name}: reasons stand with the heads that have some`, async () => {
    const {page, close} = await openPatterns(name);
    const [table] = expected.tables,
      mine = expected.tables.filter(({head}) => head === table.head);
    await page.locator(`[data-head='${table.head}']`).click();
    assert.equal(await page.locator("#reasons-list h3").count(), mine.length);
    const values = await page.locator("#reasons-list .value").allTextContents();
    assert.ok(values.some((value) => value.startsWith("+")));
    assert.ok(values.some((value) => value.startsWith("−")));
    const without = await page.locator("[data-head]").evaluateAll(
      (maps, heads) => maps.map((map) => map.dataset.head).find((head) => !heads.includes(head)),
      expected.tables.map(({head}) => head),
    );
    if (without) {
      await page.locator(`[data-head='${without}']`).click();
      assert.equal(await page.locator("#reasons").isHidden(), true);
    }
    const strangers = await page.locator("img, iframe, object, embed, link, form, a, b").count();
    assert.equal(strangers, 0);
    assert.equal(await page.locator("script").count(), 3);
    await close();
  });
}

test("dark and small screens show it", async () => {
  for (const [label, size, scheme] of [
    ["dark", {width: 1440, height: 900}, "dark"],
    ["phone", {width: 420, height: 860}, "light"],
  ]) {
    const {page, close} = await openPatterns(PAGES[0], {size, scheme});
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${label}: ${wide} pixels too wide`);
    await screenshot(page, `patterns-${label}`);
    await close();
  }
});
