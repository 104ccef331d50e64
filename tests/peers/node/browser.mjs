// Chromium as the judge of pages, driven by playwright-core.
//
//     node browser.mjs MODULES CHROMIUM < ORDERS
//
// MODULES is the folder whose node_modules hold playwright-core. Prints {"port": 0} once the browser is there; then each
// line of JSON {file, width, dark} is answered with a line of what is wrong with that page: `problems`, and counts of
// what was looked at. Ends when its standard input does.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const { chromium } = require('playwright-core');

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

// Runs inside the page: nothing of this file is known there.
function examine() {
  const problems = [];
  const wide = document.scrollingElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 1) problems.push(`the page is ${wide} px wider than its window`);
  const data = ['application/json', 'application/ld+json', 'text/plain'];
  for (const script of document.querySelectorAll('script')) {
    if (!data.includes(script.type)) problems.push(`a script of the type '${script.type}'`);
  }

  // Contrast of WCAG 2: the ratio of relative luminances, 4.5 for text of ordinary size.
  const channels = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((one) => {
      const share = one / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const follows = getComputedStyle(document.documentElement).colorScheme.includes('dark');
    return dark && follows ? [18, 18, 18] : [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body ?? document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || element.closest('script, style, svg, title')) continue;
    if (!element.checkVisibility()) continue;
    texts += 1;
    const ratio = contrast(channels(getComputedStyle(element).color).rgb, ground(element));
    if (ratio < 4.5) problems.push(`'${words.slice(0, 40)}' has a contrast of ${ratio.toFixed(2)}`);
  }

  // The picture: words inside their boxes and beside one another, arrows around boxes.
  let boxes = 0;
  for (const picture of document.querySelectorAll('svg')) {
    const frame = picture.getBoundingClientRect();
    if (frame.width < 1 || frame.height < 1) problems.push('a picture has no size');
    const inside = (one, other, slack) =>
      one.left >= other.left - slack && one.right <= other.right + slack
      && one.top >= other.top - slack && one.bottom <= other.bottom + slack;
    const overlap = (one, other) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1
      && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 2;
    const rects = [...picture.querySelectorAll('g > rect')];
    for (const rect of rects) {
      boxes += 1;
      const box = rect.getBoundingClientRect();
      if (!inside(box, frame, 0.5)) problems.push('a box sticks out of its picture');
      const words = [...rect.parentElement.querySelectorAll('text')]
        .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      if (words.length === 0) problems.push('a box is empty');
      for (const [at, one] of words.entries()) {
        if (!inside(one.box, box, 0.5)) problems.push(`'${one.text}' sticks out of its box`);
        for (const other of words.slice(at + 1)) {
          if (overlap(one.box, other.box)) problems.push(`'${one.text}' lies over '${other.text}'`);
        }
      }
      for (const other of rects) {
        if (other !== rect && overlap(box, other.getBoundingClientRect())) problems.push('two boxes overlap');
      }
    }
    for (const path of picture.querySelectorAll('svg > path')) {
      const matrix = path.getScreenCTM();
      const length = path.getTotalLength();
      for (let at = 0; at < length; at += 4) {
        const point = path.getPointAtLength(at).matrixTransform(matrix);
        const hit = rects.some((rect) => {
          const box = rect.getBoundingClientRect();
          return point.x > box.left + 2 && point.x < box.right - 2 && point.y > box.top + 2 && point.y < box.bottom - 2;
        });
        if (hit) {
          problems.push('an arrow goes through a box');
          break;
        }
      }
    }
  }
  return { problems, texts, boxes, headings: document.querySelectorAll('h1, h2, h3').length };
}

async function judged({ file, width, dark }) {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
  });
  try {
    const problems = [];
    const address = pathToFileURL(file).href;
    page.on('console', (message) => problems.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      const wanted = request.url();
      if (wanted !== address && !wanted.startsWith('data:')) problems.push(`asks for ${wanted}`);
    });
    await page.goto(address, { waitUntil: 'load' });
    // What is folded away is part of the page.
    await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
    const found = await page.evaluate(examine);
    found.problems.unshift(...problems);
    found.problems = [...new Set(found.problems)];
    return found;
  } finally {
    await page.close();
  }
}

console.log(JSON.stringify({ port: 0 }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await judged(JSON.parse(line))));
}
await browser.close();
