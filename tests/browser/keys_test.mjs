// The page without a mouse, and what screen readers are told; small screens.
import assert from "node:assert/strict";
import {test} from "node:test";

import {neighboursOf} from "./expected.mjs";
import {fileGraph, openPage, screenshot, someNodes, text, useBrowser} from "./support.mjs";

useBrowser();

const selected = (page) => page.locator("#facts dd").nth(1).innerText();

for (const name of ["demo", "large"]) {
  test(`${name}: arrows walk the graph, letters do the rest`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {output} = someNodes(graph),
      file = fileGraph(name);
    await page.locator("#link-graph").focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await selected(page), output);
    await page.keyboard.press("ArrowDown");
    const [below] = neighboursOf(file, output, "inputs");
    assert.equal(await selected(page), below.id);
    assert.ok((await text(page, "#status")).includes(below.id.split("_")[1]));
    await page.keyboard.press("ArrowUp");
    assert.equal(await selected(page), neighboursOf(file, below.id, "outputs")[0].id);
    await page.keyboard.press("p");
    assert.equal(await page.locator("#pin-button").getAttribute("aria-pressed"), "true");
    await page.keyboard.press("p");
    assert.equal(await page.locator("#pin-button").getAttribute("aria-pressed"), "false");
    await page.keyboard.press("?");
    assert.equal(await page.locator("#help").isVisible(), true);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#nothing-selected").isVisible(), true);
    // From a list: Tab reaches it once, arrows move in it, Enter goes there.
    await page.locator("#link-graph").focus();
    await page.keyboard.press("ArrowDown");
    await page.locator("#inputs").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const active = await page.locator("#inputs").getAttribute("aria-activedescendant");
    assert.equal(active, "inputs-1");
    assert.equal(await page.locator(`#${active}`).getAttribute("aria-selected"), "true");
    const wanted = await page.locator(`#${active} .name`).innerText();
    await page.keyboard.press("Enter");
    assert.equal(await text(page, "#node-name"), wanted);
    await opened.close();
  });
}

test("everything that can be worked has a name and is reached by Tab", async () => {
  const opened = await openPage("demo"),
    {page, graph} = opened;
  await page.evaluate(
    (ids) => {
      window.circuitPage.actions.togglePin(ids);
      window.circuitPage.actions.select(ids[0]);
    },
    graph.ids.slice(0, 3),
  );
  const nameless = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        "button, input, select, summary, [role=button], [role=listbox], [role=application], [role=tabpanel], svg[role]",
      ),
    ]
      .filter(
        (one) =>
          !(
            one.getAttribute("aria-label") ||
            one.getAttribute("aria-labelledby") ||
            one.labels?.length ||
            one.textContent.trim()
          ),
      )
      .map((one) => one.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(nameless, []);
  const reached = [];
  await page.evaluate(() => document.activeElement.blur());
  for (let k = 0; k < 40; ++k) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(
        () =>
          document.activeElement.id ||
          document.activeElement.dataset?.box ||
          document.activeElement.tagName,
      ),
    );
  }
  const order = [
    "search",
    "undo",
    "help-button",
    "node-share",
    "link-share",
    "link-graph",
    "fit-button",
    graph.ids[0],
    "tab-node",
    "label-input",
    "pin-button",
    "path-from",
    "inputs",
    "outputs",
  ];
  const places = order.map((id) => reached.indexOf(id));
  assert.ok(
    places.every((place) => place >= 0),
    `${order.filter((_, k) => places[k] < 0)} not reached: ${reached}`,
  );
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  // Tabs by arrows.
  await page.locator("#tab-node").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#tab-pins").getAttribute("aria-selected"), "true");
  assert.equal(await page.locator("#panel-pins").isVisible(), true);
  await opened.close();
});

test("small and large, light and dark screens show all of it", async () => {
  for (const [label, size, scheme] of [
    ["phone", {width: 420, height: 860}, "light"],
    ["tablet", {width: 1024, height: 700}, "dark"],
    ["wide", {width: 1920, height: 1080}, "light"],
  ]) {
    const opened = await openPage("demo", {size, scheme}),
      {page} = opened;
    await page.evaluate(() => window.circuitPage.actions.pinTop(8));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${label}: ${wide} pixels too wide`);
    assert.equal(await page.locator(".box").count(), 9);
    await screenshot(page, `demo-${label}`);
    await opened.close();
  }
});
