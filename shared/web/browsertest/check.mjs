// A browser, and windows of it in which the page is checked.

import assert from 'node:assert/strict';
import path from 'node:path';
import { chromium } from 'playwright-core';

const { CHROMIUM, SCREENSHOTS } = process.env;
const patience = 120_000; // milliseconds: other processes are at work
const browser = await chromium.launch({ executablePath: CHROMIUM, timeout: patience });
let failures = 0;

// networkChanged is why Chromium drops all that it is loading when an interface of the machine comes or goes, as a container's does.
const networkChanged = 'net::ERR_NETWORK_CHANGED';

// check looks at address with body, and once more each time that the machine's network changed meanwhile, up to ten times.
export async function check(name, address, body, options = {}) {
  let problem;
  for (let looks = 0; looks < 10; looks++) {
    problem = await look(name, address, body, options);
    if (!problem?.includes(networkChanged)) break;
  }
  if (problem) failures++;
  console.log(problem ? `FAIL ${name}\n${problem}` : `ok   ${name}`);
}

// look opens address in a new window, runs body on it and on a function that counts the bytes received, and then expects that nothing went wrong meanwhile: no error in
// the console but those that options.expected matches, no violation of the policy, no request to another host. It returns what is wrong.
async function look(name, address, body, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const wrong = [];
  const sizes = new Map(); // of the first answer from each address: a page of little history asks for prices again and again
  const bytes = async () => (await Promise.all(sizes.values())).reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  const gone = () => ({ responseBodySize: 0 }); // the window was closed, and nobody asks any more
  page.on('requestfinished', (request) => {
    if (!sizes.has(request.url())) sizes.set(request.url(), request.sizes().catch(gone));
  });
  const dropped = new Promise((_, reject) => {
    page.on('requestfailed', (request) => request.failure().errorText === networkChanged && reject(new Error(networkChanged)));
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !options.expected?.test(message.text())) wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.stack));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(address).origin) wrong.push(`request to ${origin}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const looked = async () => {
    await page.goto(address);
    await body(page, bytes);
    assert.deepEqual(wrong, []);
  };
  try {
    await Promise.race([looked(), dropped]);
    return null;
  } catch (error) {
    return [error.stack, ...wrong].join('\n');
  } finally {
    if (SCREENSHOTS) await page.screenshot({ path: path.join(SCREENSHOTS, `${name.replaceAll(/\W+/g, '-')}.png`) });
    await context.close();
  }
}

// end closes the browser and ends the program, with 1 if a check failed.
export async function end() {
  await browser.close();
  process.exit(failures ? 1 : 0);
}
