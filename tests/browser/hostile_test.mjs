// Texts that try to be more than text, and a page that must not talk to anyone.
import assert from "node:assert/strict";
import {test} from "node:test";

import {readText} from "./expected.mjs";
import {clickNode, downloaded, menu, openPage, screenshot, text, useBrowser} from "./support.mjs";

useBrowser();

/** Elements that markup in a text could have made. */
const strangers = (page) =>
  page.evaluate(() =>
    [
      ...document.querySelectorAll(
        "script, img, iframe, object, embed, link, base, form, a, b, style",
      ),
    ]
      .map((element) => element.id || element.type || element.tagName)
      .sort(),
  );

test("texts of the graph stay texts, in the page and in what it saves", async () => {
  const opened = await openPage("hostile", {scheme: "dark"}),
    {page, graph} = opened;
  const ours = await strangers(page);
  assert.deepEqual(
    ours,
    [
      "STYLE",
      "cards",
      "compare-columns",
      "compare-head",
      "graph-columns",
      "graph-head",
      "label-form",
      "saved-state",
      "FORM",
      "SCRIPT",
    ]
      .map((name) => name)
      .sort()
      .map((name) => name),
  );
  const bad = graph.texts.findIndex(
    (label, i) => graph.kind[i] === 0 && label.includes("<script>"),
  );
  await clickNode(opened, graph.ids[bad]);
  assert.equal(await text(page, "#node-text"), graph.texts[bad]);
  for (let i = 0; i < graph.n; i += 7) {
    await page.evaluate((id) => window.circuitPage.actions.select(id), graph.ids[i]);
    await page.evaluate((id) => window.circuitPage.actions.togglePin([id]), graph.ids[i]);
  }
  await page.locator("#search").fill("script");
  assert.ok((await page.locator("#found [role=option]").count()) > 0);
  await page.keyboard.press("Escape");
  await page.locator("#tab-pins").click();
  assert.deepEqual(await strangers(page), ours);
  await screenshot(page, "hostile-dark");

  const svg = (await downloaded(page, () => menu(page, "subgraph-svg"))).bytes.toString("utf8");
  const parsed = await page.evaluate((xml) => {
    const document = new DOMParser().parseFromString(xml, "image/svg+xml");
    return [
      document.querySelectorAll("parsererror, script").length,
      document.querySelectorAll("text").length,
    ];
  }, svg);
  assert.equal(parsed[0], 0);
  assert.ok(parsed[1] > 10);

  const saved = await downloaded(page, () => menu(page, "save-page"));
  const again = await openPage("saved hostile", {path: saved.path, graphName: "hostile"});
  assert.deepEqual(await strangers(again.page), ours);
  assert.equal(await again.page.locator(".box").count(), await page.locator(".box").count());
  await again.close();
  await opened.close();
});

test("hostile labels, groups and addresses that a person types stay text", async () => {
  const label = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
  const opened = await openPage("demo"),
    {page, graph} = opened,
    ids = graph.ids.slice(0, 3);
  const state = new URLSearchParams({
    pinnedIds: ids.join(","),
    clickedId: "g1",
    supernodes: JSON.stringify([[label, ids[0], ids[1]]]),
    clerps: JSON.stringify([[ids[2], label]]),
  });
  const hostile = await openPage("demo", {hash: `#${state}`});
  assert.equal(await text(hostile.page, "#node-name"), label);
  assert.ok(
    (await hostile.page.locator(`[data-box="${ids[2]}"] title`).textContent()).includes(label),
  );
  const saved = await downloaded(hostile.page, () => menu(hostile.page, "save-page"));
  const again = await openPage("demo", {path: saved.path});
  assert.equal(await text(again.page, "#node-name"), label);
  for (const one of [again, hostile, opened]) await one.close();
});

test("the policy forbids every request and every script but the page's own", async () => {
  const opened = await openPage("demo"),
    {page} = opened;
  const blocked = await page.evaluate(async () => {
    const violated = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      violated.push(event.effectiveDirective),
    );
    await fetch("https://example.com/").catch(() => {});
    const image = new Image();
    image.src = "https://example.com/x.png";
    const script = document.createElement("script");
    script.textContent = "window.slipped = true";
    const attribute = document.createElement("div");
    attribute.setAttribute("onclick", "window.slipped = true");
    document.body.append(image, script, attribute);
    attribute.click();
    await new Promise((done) => setTimeout(done, 200));
    return [violated.sort(), window.slipped];
  });
  assert.deepEqual(blocked, [
    ["connect-src", "img-src", "script-src-attr", "script-src-elem"],
    undefined,
  ]);
  // These four are the test's own doing.
  opened.problems.splice(0);
  await opened.close();
});

test("no page holds an address that could be loaded", () => {
  for (const name of ["demo", "large-cards", "hostile"]) {
    const page = readText(`${name}.html`);
    assert.equal(
      /\b(src|href|action|data|poster|srcset)\s*=\s*["']?\s*(https?:|\/\/)/i.test(page),
      false,
    );
    assert.equal(
      /@import|url\s*\(/i.test(page.slice(page.indexOf("<style>"), page.indexOf("</style>"))),
      false,
    );
    assert.match(
      page,
      /http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    );
  }
});
