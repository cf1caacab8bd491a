// The subgraph: pins, boxes that are dragged, grouped, renamed, ungrouped, clicked; undo; places that
// stay with their ids. On the demo and on 5,000 nodes.
import assert from "node:assert/strict";
import {test} from "node:test";

import {percentText} from "./expected.mjs";
import {
  clickNode,
  fileGraph,
  openPage,
  rows,
  screenshot,
  someNodes,
  text,
  useBrowser,
} from "./support.mjs";

useBrowser();

const box = (page, id) => page.locator(`[data-box="${id}"]`);
const placeIn = (page, id) => box(page, id).getAttribute("transform");
const boxes = (page) =>
  page.locator("#subgraph-drawing .box").evaluateAll((all) => all.map((one) => one.dataset.box));

async function pinSome(opened, count) {
  const {output, features} = someNodes(opened.graph),
    ids = [...features.slice(0, count), output];
  for (const id of ids) await clickNode(opened, id, ["Shift"]);
  return ids;
}

for (const name of ["demo", "large"]) {
  const file = fileGraph(name);

  test(`${name}: pins become boxes, with the links that are between them`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    assert.equal(await page.locator("#subgraph-empty").isVisible(), true);
    const ids = await pinSome(opened, 4);
    assert.deepEqual((await boxes(page)).sort(), [...ids].sort());
    const between = file.links.filter((e) => ids.includes(e.source) && ids.includes(e.target));
    assert.equal(await page.locator("#subgraph-drawing .link").count(), between.length);
    const titles = await page
      .locator("#subgraph-drawing .link title")
      .evaluateAll((all) => all.map((one) => one.textContent));
    for (const {source, target, weight} of between) {
      const share = percentText(Math.abs(weight) / file.inputs.get(target), weight);
      assert.ok(
        titles.some((title) => title.includes(`${share} of its input`)),
        `${source} ${target} ${share}: ${titles}`,
      );
    }
    await clickNode(opened, ids[0], ["Control"]);
    assert.equal((await boxes(page)).length, ids.length - 1);
    await page.locator("#undo").click();
    assert.equal((await boxes(page)).length, ids.length);
    await opened.close();
  });

  test(`${name}: a box is dragged and stays where it was put, whatever is pinned next`, async () => {
    const opened = await openPage(name),
      {page} = opened,
      ids = await pinSome(opened, 4);
    const before = await placeIn(page, ids[1]);
    const {x, y, width, height} = await box(page, ids[1]).boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + 60, y + height / 2 + 25, {steps: 5});
    await page.mouse.up();
    const dragged = await placeIn(page, ids[1]);
    assert.notEqual(dragged, before);
    const {tokens} = someNodes(opened.graph);
    await clickNode(opened, tokens[1], ["Shift"]);
    assert.equal(await placeIn(page, ids[1]), dragged);
    await page.locator("#undo").click();
    await page.locator("#undo").click();
    assert.equal(await placeIn(page, ids[1]), before);
    await page.locator("#redo").click();
    assert.equal(await placeIn(page, ids[1]), dragged);
    // Without a mouse.
    await box(page, ids[1]).focus();
    await page.keyboard.press("Alt+ArrowRight");
    const [from, to] = [dragged, await placeIn(page, ids[1])].map((place) =>
      Number(place.match(/[-\d.]+/)[0]),
    );
    assert.equal(to, from + 20);
    await opened.close();
  });

  test(`${name}: boxes are grouped, renamed, clicked and ungrouped`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      ids = await pinSome(opened, 4),
      members = ids.slice(0, 3);
    for (const id of members) await box(page, id).click({modifiers: ["Shift"]});
    assert.equal(await text(page, "#group-button"), "Group 3");
    await page.keyboard.press("g");
    assert.deepEqual((await boxes(page)).sort(), ["g1", ...ids.slice(3)].sort());
    // The name is asked for at once.
    await page.keyboard.type("opposites");
    await page.keyboard.press("Enter");
    assert.match(await box(page, "g1").textContent(), /opposites3 nodes/);
    // A click shows the group's own links: sums over its members.
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#selected-node").isHidden(), true);
    await box(page, "g1").click();
    assert.equal(await text(page, "#node-name"), "opposites");
    const influence = members.reduce((sum, id) => sum + graph.influence[graph.index.get(id)], 0);
    assert.equal(
      await page.locator("#facts dd").nth(1).innerText(),
      percentText(influence, 1).slice(1),
    );
    const outside = file.links.filter(
      (e) => members.includes(e.target) && !members.includes(e.source),
    );
    const all = outside.reduce((sum, e) => sum + Math.abs(e.weight), 0),
      sums = new Map();
    for (const {source, weight} of outside) {
      const sum = sums.get(source) ?? {weight: 0, absolute: 0};
      sums.set(source, {weight: sum.weight + weight, absolute: sum.absolute + Math.abs(weight)});
    }
    const wanted = [...sums.values()].sort((a, b) => b.absolute - a.absolute).slice(0, 100);
    assert.deepEqual(
      (await rows(page, "inputs")).map((row) => row.share),
      wanted.map((sum) => percentText(sum.absolute / all, sum.weight)),
    );
    await screenshot(page, `${name}-group`);
    await page.locator("#ungroup-button").click();
    assert.deepEqual((await boxes(page)).sort(), [...ids].sort());
    await page.locator("#undo").click();
    assert.match(await box(page, "g1").textContent(), /opposites/);
    await opened.close();
  });

  test(`${name}: the list of pins groups and unpins without a mouse`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await page.locator("#tab-pins").click();
    await page.locator("#pins-top").focus();
    await page.keyboard.press("Enter");
    const outputs = opened.graph.kind.filter((kind) => kind === 3).length;
    assert.equal((await boxes(page)).length, 20 + outputs);
    const ticks = page.locator("#pins-list input");
    await ticks.nth(0).focus();
    await page.keyboard.press("Space");
    await ticks.nth(1).check();
    await page.locator("#pins-name").fill("first two");
    await page.locator("#pins-group").click();
    assert.equal((await boxes(page)).length, 19 + outputs);
    assert.equal(await page.locator("#label-input").inputValue(), "first two");
    await page.locator("#tab-pins").click();
    const group = page.locator("#pins-list > li", {hasText: "first two"});
    assert.equal(await group.locator("ul li").count(), 2);
    await group.locator("input").check();
    await page.locator("#pins-unpin").click();
    assert.equal((await boxes(page)).length, 18 + outputs);
    await opened.close();
  });
}
