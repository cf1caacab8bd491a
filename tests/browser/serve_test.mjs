// `circuit serve` of the folder with the pages: its list, its viewers, the files.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {existsSync, readdirSync} from "node:fs";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {after, before, test} from "node:test";

import {chromium} from "playwright-core";

import {folder} from "./expected.mjs";

let server, address, browser;

before(async () => {
  server = spawn(process.env.CIRCUIT_PROGRAM, ["serve", folder, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({input: server.stdout}), "line");
  address = JSON.parse(line).address;
  browser = await chromium.launch({
    executablePath: process.env.CIRCUIT_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});
after(async () => {
  await browser.close();
  server.kill("SIGINT");
  const [code] = await once(server, "exit");
  assert.equal(code, 0);
});

/** A page of the server; `close` fails when it reported an error, or asked another host. */
async function open(path) {
  const context = await browser.newContext({viewport: {width: 1440, height: 900}});
  const page = await context.newPage(),
    problems = [];
  page.on("request", (request) => {
    if (![address, "blob:", "data:"].some((start) => request.url().startsWith(start)))
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
  const response = await page.goto(address + path);
  return {
    page,
    response,
    close: async () => {
      await context.close();
      assert.deepEqual(problems, []);
    },
  };
}

const names = (page) =>
  page.$$eval("tbody tr", (rows) =>
    rows.filter((row) => !row.hidden).map((row) => row.cells[1].textContent),
  );
const edges = (page) =>
  page.$$eval("tbody tr", (rows) => rows.map((row) => Number(row.cells[4].dataset.value)));

test("the list shows every graph, sorted and searched", async () => {
  const {page, close} = await open("");
  const files = readdirSync(folder);
  const graphs = new Set(
    files
      .filter((name) => name.endsWith(".graph.safetensors"))
      .map((name) => name.replace(".graph.safetensors", "")),
  );
  for (const name of files.filter(
    (name) => name.endsWith(".json") && name !== "graph-metadata.json",
  ))
    graphs.add(name.replace(".json", ""));
  assert.deepEqual(new Set(await names(page)), graphs);

  await page.getByRole("button", {name: "Edges"}).click();
  const up = await edges(page);
  assert.deepEqual(
    up,
    up.toSorted((a, b) => a - b),
  );
  await page.getByRole("button", {name: "Edges"}).click();
  assert.deepEqual(await edges(page), up.toReversed());
  assert.equal(
    await page.locator("th", {hasText: "Edges"}).getAttribute("aria-sort"),
    "descending",
  );

  await page.getByLabel("Search graphs").fill("CONTRAIRE demo-no");
  assert.deepEqual(await names(page), ["demo-nodes"]);
  assert.equal(await page.locator("#count").textContent(), `1 of ${graphs.size} graphs`);
  await page.getByLabel("Search graphs").fill("");
  await page.screenshot({path: join(process.env.CIRCUIT_SCREENSHOTS, "serve.png")});
  await close();
});

test("a graph opens in its viewer, under the server's policy", async () => {
  const {page, close} = await open("");
  await page
    .locator("tbody tr", {has: page.locator("td:nth-child(2)", {hasText: /^demo$/})})
    .locator("a")
    .first()
    .click();
  await page.waitForFunction(() => window.circuitPage !== undefined);
  assert.equal(new URL(page.url()).pathname, "/graphs/demo");
  await close();
});

test("a graph of which there is only JSON opens too", async () => {
  assert.ok(!existsSync(join(folder, "demo-nodes.graph.safetensors")));
  const {page, close} = await open("graphs/demo-nodes");
  await page.waitForFunction(() => window.circuitPage !== undefined);
  await close();
});

test("texts of a hostile graph stay text", async () => {
  const list = await open("");
  const row = list.page.locator("tbody tr", {
    has: list.page.locator("td:nth-child(2)", {hasText: /^hostile$/}),
  });
  assert.match(await row.locator("td").first().textContent(), /<script>/);
  await list.close();
  const viewer = await open("graphs/hostile");
  await viewer.page.waitForFunction(() => window.circuitPage !== undefined);
  await viewer.close();
});

test("files come as they are, and pages of the folder have no rights here", async () => {
  for (const [name, type] of [
    ["demo.json", "application/json"],
    ["demo.html", "text/html"],
    ["demo.graph.safetensors", "application/octet-stream"],
  ]) {
    const response = await fetch(`${address}files/${name}`);
    assert.equal(response.status, 200);
    assert.ok(response.headers.get("content-type").startsWith(type));
  }
  const {page, close} = await open("files/demo.html");
  assert.equal(await page.evaluate(() => window.origin), "null");
  await close();
});
