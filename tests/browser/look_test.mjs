// Looking at a graph: hover, lists, search, sliders, paths, labels, zoom; on the demo and on 5,000 nodes.
import assert from "node:assert/strict";
import {test} from "node:test";

import {neighboursOf, percentText, readJson, readText, strongestPath} from "./expected.mjs";
import {
  clickNode,
  fileGraph,
  hoverNode,
  near,
  openPage,
  placeOf,
  rows,
  scores,
  screenshot,
  setSlider,
  someNodes,
  text,
  useBrowser,
} from "./support.mjs";

useBrowser();

for (const name of ["demo", "large"]) {
  const file = fileGraph(name);

  test(`${name}: a click lists inputs and outputs by share, with sign`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {output, busy} = someNodes(graph);
    for (const id of [output, busy]) {
      await clickNode(opened, id);
      assert.equal(await page.locator("#facts dd").nth(1).innerText(), id);
      for (const side of ["inputs", "outputs"]) {
        const wanted = neighboursOf(file, id, side),
          found = await rows(page, side);
        assert.equal(Number(await text(page, `#${side}-count`)), wanted.length);
        assert.equal(found.length, Math.min(100, wanted.length));
        found.forEach((row, k) =>
          assert.equal(
            row.share,
            percentText(wanted[k].share, wanted[k].weight),
            `${id} ${side} ${k}`,
          ),
        );
      }
    }
    await screenshot(page, `${name}-selected`);
    // From the list to the node that it names.
    const [strongest] = neighboursOf(file, busy, "inputs");
    await page.locator("#inputs [role=option]").first().click();
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), strongest.id);
    await opened.close();
  });

  test(`${name}: a hover names the node, links appear, leaving takes them away`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {busy} = someNodes(graph);
    const ink = () =>
      page.locator("#canvas-hover").evaluate((canvas) =>
        canvas
          .getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height)
          .data.some((value) => value !== 0),
      );
    assert.equal(await ink(), false);
    await hoverNode(opened, busy);
    const [layer, feature] = busy.split("_");
    assert.ok((await text(page, "#tooltip")).startsWith(`L${layer}/${feature}`));
    assert.equal(await ink(), true);
    await page.mouse.move(5, 5);
    assert.equal(await page.locator("#tooltip").isHidden(), true);
    assert.equal(await ink(), false);
    await opened.close();
  });

  test(`${name}: search finds by label, token and feature id and goes there`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {features} = someNodes(graph);
    const id = features.find((feature) => graph.texts[graph.index.get(feature)] !== "");
    const [layer, feature] = id.split("_"),
      i = graph.index.get(id);
    for (const query of [
      `${layer}_${feature}`,
      `L${layer}/${feature}`,
      `${graph.texts[i]} layer:${layer}`,
    ]) {
      await page.keyboard.press("/");
      await page.locator("#search").fill(query);
      const found = await page
        .locator("#found [role=option]")
        .evaluateAll((options) => options.map((o) => Number(o.dataset.node)));
      assert.ok(found.includes(i), `${query}: ${found}`);
      await page.keyboard.press("Escape");
    }
    await page.keyboard.press("/");
    await page.locator("#search").fill(`${graph.tokens[2].trim()} kind:token`);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#facts dd").nth(1).innerText(), /^E_/);
    await page.locator("#search").fill("nothing is called so");
    assert.match(await text(page, "#found"), /nothing found/);
    await opened.close();
  });

  test(`${name}: sliders prune and score live, as the command line does`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened;
    const check = async (part, {nodes, links}, row) => {
      const counts = await text(page, "#counts"),
        found = await scores(page);
      const [shown, linked] = counts
        .replace(/,/g, "")
        .match(/\d+/g)
        .map(Number)
        .filter((_, k) => k !== 1);
      assert.deepEqual([shown, linked], [nodes.size, links.length], counts);
      near(found["these nodes"][0], row.replacement_score);
      near(found["these nodes"][1], row.completeness_score);
      assert.ok(found["only what is drawn"][1] <= found["these nodes"][1]);
    };
    const whole = readJson(`${name}.score`);
    near((await scores(page))["whole graph"][0], whole.replacement_score);
    await setSlider(page, "node-share", 500);
    await check("nodes", fileGraph(`${name}-nodes`), readJson(`${name}-nodes.score`).pruned);
    await setSlider(page, "link-share", 500);
    await check("links", fileGraph(`${name}-links`), readJson(`${name}-links.score`).pruned);
    await page.keyboard.press("u");
    assert.match(
      await text(page, "#counts"),
      new RegExp(`^${file.nodes.size.toLocaleString("en")} of`),
    );
    // With the keyboard too.
    await page.locator("#node-share").focus();
    await page.keyboard.press("ArrowLeft");
    near(
      Number.parseFloat(await text(page, "#node-share + output")),
      99.5 * graph.head.node_threshold,
      0.051,
    );
    await opened.close();
  });

  test(`${name}: pins are scored as circuit score --nodes does`, async () => {
    const opened = await openPage(name),
      {page} = opened,
      pins = readText(`${name}.pins`).trim().split(",");
    for (const id of pins) await clickNode(opened, id, ["Control"]);
    const {replacement_score, completeness_score} = readJson(`${name}-pins.score`).chosen;
    const found = (await scores(page))["only pins"];
    near(found[0], replacement_score);
    near(found[1], completeness_score);
    assert.equal(await text(page, "#pins-count"), String(pins.length));
    await opened.close();
  });

  test(`${name}: the strongest path between two nodes is shown`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {output, tokens} = someNodes(graph);
    const ways = tokens
      .map((token) => strongestPath(file, token, output))
      .sort((a, b) => b.share - a.share);
    const [best] = ways;
    await clickNode(opened, best.nodes[0]);
    await page.locator("#path-from").click();
    await clickNode(opened, output);
    await page.keyboard.press("t");
    const steps = await page.locator("#path-steps button").count();
    assert.equal(steps, best.nodes.length);
    assert.ok(
      (await text(page, "#path-result")).startsWith(
        `${steps - 1} ${steps === 2 ? "link" : "links"}, product of shares ${percentText(best.share, 1).slice(1)}`,
      ),
    );
    await screenshot(page, `${name}-path`);
    await page.locator("#path-pin").click();
    assert.equal(await text(page, "#pins-count"), String(best.nodes.length));
    await page.locator("#path-clear").click();
    assert.equal(await page.locator("#path-steps button").count(), 0);
    await opened.close();
  });

  test(`${name}: a label is edited, found, undone and done again`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {busy} = someNodes(graph);
    await clickNode(opened, busy);
    await page.keyboard.press("l");
    await page.locator("#label-input").fill("my own words");
    await page.keyboard.press("Enter");
    assert.equal(await text(page, "#node-text"), "my own words");
    await page.locator("#search").fill("my own words");
    assert.ok((await page.locator("#found [role=option]").count()) >= 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+z");
    assert.equal(await text(page, "#node-text"), graph.texts[graph.index.get(busy)]);
    await page.locator("#redo").click();
    assert.equal(await text(page, "#node-text"), "my own words");
    await opened.close();
  });

  test(`${name}: wheel and keys zoom, dragging pans, what is drawn moves with it`, async () => {
    const opened = await openPage(name),
      {page, graph} = opened,
      {busy} = someNodes(graph);
    const [x, y] = await placeOf(opened, busy);
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -400);
    await page.waitForTimeout(150);
    const k = await page.evaluate(() => d3.zoomTransform(document.getElementById("link-graph")).k);
    assert.ok(k > 1.5, `zoom ${k}`);
    // The wheel zooms around the pointer, so the node is still there.
    await page.mouse.click(x, y);
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), busy);
    await page.mouse.move(x + 5, y);
    await page.mouse.down();
    await page.mouse.move(x + 45, y + 10, {steps: 4});
    await page.mouse.up();
    await page.waitForTimeout(150);
    await page.keyboard.press("Escape");
    await page.mouse.click(x + 40, y + 10);
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), busy);
    await page.keyboard.press("Escape");
    await page.keyboard.press("0");
    await page.waitForTimeout(150);
    await clickNode(opened, busy);
    assert.equal(await page.locator("#facts dd").nth(1).innerText(), busy);
    await opened.close();
  });
}

test("a graph of next to nothing opens and can be worked", async () => {
  const opened = await openPage("least"),
    {page} = opened,
    {output} = someNodes(opened.graph);
  assert.match(await text(page, "#counts"), new RegExp(`^${fileGraph("least").nodes.size} of`));
  await clickNode(opened, output);
  assert.equal(await page.locator("#facts dd").nth(1).innerText(), output);
  await page.keyboard.press("p");
  assert.equal(await text(page, "#pins-count"), "1");
  await setSlider(page, "node-share", 0);
  await opened.close();
});

test("of a compact file the whole is scored, its parts are not", async () => {
  const opened = await openPage("compact"),
    {page} = opened,
    found = await scores(page);
  near(found["whole graph"][0], readJson("demo.score").replacement_score);
  assert.deepEqual(found["these nodes"], [null, null]);
  assert.match(await text(page, "#score-note"), /cannot be scored/);
  await setSlider(page, "node-share", 500);
  assert.ok(Number((await text(page, "#counts")).split(" ")[0]) < fileGraph("compact").nodes.size);
  await opened.close();
});
