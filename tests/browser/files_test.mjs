// What leaves the page and comes back: addresses, the saved page, the saved state, pictures, a second
// graph, cards. On the demo and on 5,000 nodes.
import assert from "node:assert/strict";
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";

import {folder, viewerGraph} from "./expected.mjs";
import {
  clickNode,
  downloaded,
  menu,
  openPage,
  screenshot,
  setSlider,
  someNodes,
  text,
  useBrowser,
} from "./support.mjs";

useBrowser();

/** A state with something of everything in it. */
async function workOn(opened) {
  const {page, graph} = opened,
    {output, features, tokens, busy} = someNodes(graph);
  const ids = [...features.slice(0, 3), output];
  for (const id of ids) await clickNode(opened, id, ["Shift"]);
  for (const id of ids.slice(0, 2))
    await page.locator(`[data-box="${id}"]`).click({modifiers: ["Shift"]});
  await page.keyboard.press("g");
  await page.keyboard.type("grüne & <Wörter>");
  await page.keyboard.press("Enter");
  await clickNode(opened, busy);
  await page.locator("#label-input").fill("</script><b>a label");
  await page.keyboard.press("Enter");
  await setSlider(page, "node-share", 900);
  await page.locator(`[data-box="${ids[2]}"]`).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await clickNode(opened, tokens.at(-1));
  await page.keyboard.press("f");
  await clickNode(opened, output);
  await page.keyboard.press("t");
}

/** What a reader would see of the state. */
async function seen({page}) {
  await page.waitForTimeout(50);
  return page.evaluate(() => ({
    boxes: [...document.querySelectorAll(".box")].map((box) => [
      box.dataset.box,
      box.getAttribute("transform"),
      box.textContent,
    ]),
    counts: document.getElementById("counts").textContent,
    scores: document.getElementById("scores").textContent,
    path: document.getElementById("path-result").textContent,
    selected: document.getElementById("node-name").textContent,
    labels: window.circuitPage.history.state.labels,
  }));
}

for (const name of ["demo", "large"]) {
  test(`${name}: the address holds the state, and another window shows it`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await workOn(opened);
    await page.waitForFunction(() => location.hash.includes("path="));
    await page.waitForTimeout(250);
    const before = await seen(opened),
      hash = new URL(page.url()).hash;
    assert.ok(before.boxes.length === 3 && before.path !== "");
    const again = await openPage(name, {hash});
    assert.deepEqual(await seen(again), before);
    await again.close();
    await opened.close();
  });

  test(`${name}: the saved page opens with the same state, and saves itself again`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await workOn(opened);
    const before = await seen(opened);
    const saved = await downloaded(page, () => menu(page, "save-page"));
    assert.match(saved.name, /\.html$/);
    const again = await openPage(`${name} saved`, {path: saved.path, graphName: name});
    assert.deepEqual(await seen(again), before);
    assert.equal(again.page.url().includes("#"), false);
    const second = await downloaded(again.page, () => menu(again.page, "save-page"));
    assert.ok(second.bytes.equals(saved.bytes), "saving twice gives another page");
    await again.close();
    await opened.close();
  });

  test(`${name}: the state alone is saved as viewers' parameters and opened`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await workOn(opened);
    const before = await seen(opened);
    const saved = await downloaded(page, () => menu(page, "save-state"));
    const {qParams} = JSON.parse(saved.bytes.toString("utf8"));
    const {features, output} = someNodes(opened.graph);
    assert.deepEqual([...qParams.pinnedIds].sort(), [...features.slice(0, 3), output].sort());
    assert.deepEqual(
      qParams.supernodes.map(([label, ...ids]) => [label, ids.length]),
      [["grüne & <Wörter>", 2]],
    );
    assert.ok(qParams.clerps.some(([, label]) => label === "</script><b>a label"));
    const fresh = await openPage(name);
    await fresh.page.locator("#file-input").setInputFiles(saved.path);
    await fresh.page.waitForFunction(() => document.querySelectorAll(".box").length > 0);
    assert.deepEqual(await seen(fresh), before);
    await fresh.page.keyboard.press("u");
    assert.equal(await fresh.page.locator(".box").count(), 0);
    await fresh.close();
    await opened.close();
  });

  test(`${name}: pictures are SVG and PNG of what is seen`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await workOn(opened);
    for (const part of ["links", "subgraph"]) {
      const svg = (await downloaded(page, () => menu(page, `${part}-svg`))).bytes.toString("utf8");
      assert.ok(svg.startsWith("<svg xmlns"));
      const problem = await page.evaluate((xml) => {
        const parsed = new DOMParser().parseFromString(xml, "image/svg+xml");
        return (
          parsed.querySelector("parsererror")?.textContent ??
          parsed.querySelectorAll("script, foreignObject, image, a").length
        );
      }, svg);
      assert.equal(problem, 0);
      if (part === "subgraph") assert.match(svg, /grüne &amp; &lt;Wör/);
      const png = (await downloaded(page, () => menu(page, `${part}-png`))).bytes;
      assert.equal(png.subarray(1, 4).toString(), "PNG");
      if (part === "links") {
        const width = await page.locator("#link-graph").evaluate((panel) => panel.clientWidth);
        assert.equal(png.readUInt32BE(16), 3 * width);
      }
    }
    await opened.close();
  });

  test(`${name}: a second graph is compared: common, only here, only there`, async () => {
    const opened = await openPage(name),
      {page} = opened;
    await page.locator("#tab-compare").click();
    const keys = (file) =>
      new Set(
        [...viewerGraph(file).nodes.values()]
          .filter((node) => node.feature_type === "cross layer transcoder")
          .map((node) => node.node_id.replace(/_\d+$/, "")),
      );
    const a = keys(`${name}.json`),
      b = keys("other.json"),
      both = [...a].filter((key) => b.has(key)).length;
    for (const file of ["other.html", "other.json"]) {
      await page.locator("#file-input").setInputFiles(join(folder, file));
      await page.locator("#compare-some").waitFor();
      const features = (list) =>
        page.evaluate(
          (key) => window.circuitPage.model.compare[key].filter((e) => /^\d/.test(e.key)).length,
          list,
        );
      assert.deepEqual(
        [await features("common"), await features("onlyA"), await features("onlyB")],
        [both, a.size - both, b.size - both],
      );
      const shown = Number(await text(page, "#compare-onlyB-count"));
      assert.equal(
        await page.locator("#compare-onlyB [role=option]").count(),
        Math.min(100, shown),
      );
    }
    await screenshot(page, `${name}-compare`);
    if (both > 0) {
      await page.locator("#compare-common [role=option]").first().click();
      assert.equal(await page.locator("#selected-node").isVisible(), true);
      await page.locator("#tab-compare").click();
    }
    await page.locator("#compare-close").click();
    assert.equal(await page.locator("#compare-some").isHidden(), true);
    await opened.close();
  });

  test(`${name}: cards show what is known of a feature, and this prompt's activation`, async () => {
    const opened = await openPage(`${name}-cards`, {graphName: name}),
      {page, graph} = opened,
      {busy} = someNodes(graph);
    await clickNode(opened, busy);
    const card = await text(page, "#card"),
      [layer, feature] = busy.split("_");
    assert.ok(card.includes(`card of ${layer}_${feature} <b>bold</b>`));
    assert.match(card, /fires at 1\.3 % of tokens/);
    assert.ok(card.includes("<script>alert(1)</script>"));
    assert.equal(await page.locator("#card .bars span:not(.here)").count(), 4);
    assert.equal(await page.locator("#card .examples strong").innerText(), " small");
    // Edges are at 0, .5, 1.5, 4 and 8 times the activation: it lies at an eighth, above the first bar.
    const left = await page
      .locator("#card .here")
      .evaluate((marker) => Number.parseFloat(marker.style.left));
    const first = graph.ids.find((id) => id.startsWith(`${layer}_${feature}_`)) === busy;
    if (first)
      assert.ok(
        Math.abs(left - 12.5) < 0.01 && card.includes("above 60.0 % of its activations"),
        card,
      );
    await screenshot(page, `${name}-card`);
    await opened.close();
  });
}

test("a page made with a second graph compares at once", async () => {
  const opened = await openPage("demo-cards", {graphName: "demo"}),
    {page} = opened;
  await page.locator("#tab-compare").click();
  assert.equal(await text(page, "#compare-title"), "other");
  await opened.close();
});

test("a file that is no graph is refused in one line", async () => {
  const opened = await openPage("demo"),
    {page} = opened,
    path = join(process.env.CIRCUIT_SCREENSHOTS, "..", "no-graph.json");
  writeFileSync(path, '{"nodes": [], "links": 5}');
  await page.locator("#file-input").setInputFiles(path);
  await page.locator("#problem").waitFor();
  assert.equal(
    await text(page, "#problem"),
    "no-graph.json: expected a graph with nodes and links",
  );
  await opened.close();
});
