// Looks at the page with a browser. PAGE and the other PAGE_… are its addresses, CHROMIUM is the browser's path;
// fixture_test.go says what prices they have. SCREENSHOTS names a folder for pictures of the page, if any are wanted.

import assert from 'node:assert/strict';
import { check, end } from './check.mjs';

const { PAGE, PAGE_WITH_KEY, PAGE_EMPTY, PAGE_GROWING, PAGE_SIMULATED } = process.env;
const DAY = 86400;
const colours = { light: { bitcoin: [0, 114, 178], gold: [213, 94, 0], silver: [196, 105, 155] } };
colours.dark = { bitcoin: [86, 180, 233], gold: [230, 159, 0], silver: [204, 121, 167] };

// drawn waits until the chart of the range in the address is there and its prices have come.
async function drawn(page) {
  await page.waitForSelector('#plot:not(.waiting) canvas');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// pixels counts the canvas' pixels of a colour between two shares of the plot's width.
const pixels = (page, colour, left = 0, right = 1) =>
  page.evaluate(
    ([[r, g, b], left, right]) => {
      const canvas = document.querySelector('#chart canvas');
      const over = document.querySelector('#chart .u-over');
      const x = over.offsetLeft + Math.round(over.offsetWidth * left);
      const width = Math.max(1, Math.round(over.offsetWidth * (right - left)));
      const { data } = canvas.getContext('2d').getImageData(x, 0, width, canvas.height);
      let n = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24 && data[i + 3] > 200) n++;
      }
      return n;
    },
    [colour, left, right],
  );

// share returns where a day lies in the plot of [from, to), as a share of its width.
const seconds = (date) => Date.parse(`${date}T00:00:00Z`) / 1000;
const share = (date, from, to) => (seconds(date) - seconds(from)) / (seconds(to) - DAY / 2 - seconds(from));

// parameters asks the page itself: the browser tells of a new address later than of the key or the click that led to it.
const parameters = (page) => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.search)));
const lines = (shown) => shown.replaceAll(/\n+/g, '\n');
const text = async (page, selector) => lines(await page.locator(selector).innerText());
const rested = (page, address) => page.waitForResponse((response) => response.url().includes(address));

await check('first load', PAGE, async (page, bytes) => {
  await drawn(page);
  const size = await bytes();
  assert.ok(size > 30_000 && size <= 100_000, `${size} bytes`);
  for (const [name, colour] of Object.entries(colours.light)) {
    assert.ok((await pixels(page, colour)) > 300, `the curve of ${name} is drawn`);
  }
  assert.deepEqual(await parameters(page), {}, 'a view that was not chosen follows the newest price');
  assert.equal(await page.inputValue('#from'), '2020-01-01');
  assert.equal(await page.inputValue('#to'), '2025-01-01');
  assert.equal(await page.getAttribute('[data-months="60"]', 'aria-pressed'), 'true');
  const sentence = await page.getAttribute('#chart', 'aria-label');
  assert.match(sentence, /^Prices in US dollars from 1 Jan 2020 to 31 Dec 2024\. Bitcoin: last \$22,188\.00 on 31 Dec 2024, lowest/);
  assert.match(sentence, /Silver: .*, 1 gap\. Platinum: no prices\.$/);
});

await check('legend', PAGE, async (page) => {
  await drawn(page);
  const cards = (await page.locator('.card').allInnerTexts()).map(lines);
  assert.match(cards[0], /Bitcoin\n\$22,188\.00\n\+9\.0.%.*31 Dec 2024\nBTC-USD\nthin throughout/s);
  assert.match(cards[1], /Gold\n.*Tue 14 Mar 2023\nXAU-USD\.workshop\nends 14 Mar 2023/s);
  assert.ok(!cards[2].includes('ends'), 'silver goes on to the end');
  assert.match(cards[3], /nothing is stored: import a file/);
  const over = await page.locator('#chart .u-over').boundingBox();
  await page.mouse.move(over.x + over.width * share('2024-02-03', '2020-01-01', '2025-01-01'), over.y + 50);
  assert.match(await text(page, '.card:nth-child(3)'), /Fri 2 Feb 2024/, 'a Saturday shows the Friday');
  await page.mouse.move(over.x + over.width * share('2024-02-15', '2020-01-01', '2025-01-01'), over.y + 50);
  assert.match(await text(page, '.card:nth-child(3)'), /—\nno price/);
  await page.click('.card:nth-child(1) .name');
  assert.equal(await pixels(page, colours.light.bitcoin), 0, 'a curve can be hidden');
  await page.click('.card:nth-child(2) .ends');
  assert.deepEqual(await parameters(page), { from: '2019-01-01', to: '2024-01-01' }, 'kept within what is stored');
  assert.equal(await page.isVisible('#message'), false);
});

await check('buttons and address', PAGE, async (page) => {
  await drawn(page);
  await Promise.all([rested(page, 'from=2024-01-01&to=2025-01-01'), page.click('[data-months="12"]')]);
  assert.deepEqual(await parameters(page), { from: '2024-01-01', to: '2025-01-01' });
  await page.click('[aria-label="Zoom in"]');
  assert.deepEqual(await parameters(page), { from: '2024-04-02', to: '2024-10-02' });
  await page.click('[aria-label="Earlier"]');
  assert.deepEqual(await parameters(page), { from: '2024-01-01', to: '2024-07-02' });
  await page.click('[aria-label="Later"]');
  await page.click('[aria-label="Zoom out"]');
  await Promise.all([rested(page, 'from=2019-01-01&to=2025-01-01'), page.click('[data-months="all"]')]);
  await drawn(page);
  assert.deepEqual(await parameters(page), { from: '2019-01-01', to: '2025-01-01' });
  await page.click('[data-scale="linear"]');
  await page.click('#rebase');
  assert.deepEqual(await parameters(page), { from: '2019-01-01', to: '2025-01-01', scale: 'linear', rebase: '100' });
  assert.match(await text(page, '.card:nth-child(1)'), /110\.9 ·.*\nBTC-USD\n100 on 1 Jan 2019/s);
  await page.click('[data-scale="log"]');
  await page.click('#rebase');
  await page.fill('#from', '2021-05-05');
  assert.deepEqual(await parameters(page), { from: '2021-05-05', to: '2025-01-01' });
  await page.reload();
  await drawn(page);
  assert.equal(await page.inputValue('#from'), '2021-05-05', 'the address brings the view back');
});

await check('moving on', PAGE, async (page) => {
  await drawn(page);
  const asked = [];
  await page.route('**/api/v1/expensive-things?*', (route) => asked.push(route)); // and not answered yet
  await Promise.all([page.waitForRequest(/from=2024-01-01&/), page.click('[data-months="12"]')]);
  await page.evaluate(() => new MutationObserver(([{ target }]) => (target.bright ||= !target.matches('.waiting'))).observe(document.querySelector('#plot'), { attributes: true }));
  await Promise.all([page.waitForRequest(/from=2024-04-02&/), page.click('[aria-label="Zoom in"]')]);
  assert.ok(!(await page.evaluate(() => document.querySelector('#plot').bright)), 'a curve waits until its prices have come');
  await asked.at(-1).continue();
  await drawn(page);
});

await check('drag to zoom', `${PAGE}?from=2024-01-01&to=2025-01-01`, async (page) => {
  await drawn(page);
  const over = await page.locator('#chart .u-over').boundingBox();
  await page.mouse.move(over.x + over.width / 4, over.y + 50);
  await page.mouse.down();
  await page.mouse.move(over.x + over.width / 2, over.y + 60, { steps: 4 });
  await page.mouse.up();
  const { from, to } = await parameters(page);
  assert.ok(from > '2024-03-25' && from < '2024-04-05' && to > '2024-06-28' && to < '2024-07-05', `${from} to ${to}`);
});

await check('gaps', `${PAGE}?from=2024-06-01&to=2024-07-01`, async (page) => {
  await drawn(page);
  const inside = [share('2024-06-10', '2024-06-01', '2024-07-01'), share('2024-06-12', '2024-06-01', '2024-07-01')];
  assert.equal(await pixels(page, colours.light.bitcoin, ...inside), 0, 'three missing days are a gap in bitcoin');
  assert.ok((await pixels(page, colours.light.silver, ...inside)) > 20, 'the other curve goes on');
  const weekend = [share('2024-06-15', '2024-06-01', '2024-07-01'), share('2024-06-16', '2024-06-01', '2024-07-01')];
  assert.ok((await pixels(page, colours.light.silver, ...weekend)) > 5, 'a weekend is none in silver');
});

await check('table', `${PAGE}?from=2023-01-01&to=2023-04-01`, async (page) => {
  await drawn(page);
  await page.click('#table summary');
  await page.waitForSelector('#table tbody tr');
  const shown = await page.evaluate(() => [...document.querySelectorAll('#table tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)));
  const { assets } = await page.evaluate(() => fetch('/api/v1/expensive-things?from=2023-01-01&to=2023-04-01').then((answer) => answer.json()));
  const days = [...new Set(assets.flatMap((asset) => asset.time))].sort((a, b) => b - a);
  const cell = (asset, t) => (asset.time.includes(t) ? `$${asset.close[asset.time.indexOf(t)].toLocaleString('en-GB', { minimumFractionDigits: 2 })}` : '');
  assert.deepEqual(shown, days.map((t) => [new Date(t * 1000).toISOString().slice(0, 10), ...assets.map((asset) => cell(asset, t))]));
  assert.equal(shown.length, 90);
});

await check('marks', `${PAGE}?from=2022-11-01&to=2022-12-01`, async (page) => {
  await drawn(page);
  assert.equal(await text(page, '#notes summary'), 'One marked price');
  const over = await page.locator('#chart .u-over').boundingBox();
  const x = over.x + over.width * share('2022-11-14', '2022-11-01', '2022-12-01');
  await page.mouse.move(x, over.y + 10);
  assert.equal(await text(page, '#reading'), '14 Nov 2022, Gold: partial.');
  for (let y = 10; y < over.height && !(await page.isVisible('#why')); y += 20) await page.mouse.click(x, over.y + y);
  await page.waitForSelector('#why dl');
  const why = await text(page, '#why');
  for (const part of ['Gold, 14 Nov 2022: $2,209.00', 'partial: a field was absent', 'absent, open: the open is absent', `t${seconds('2022-11-14')}.warc.gz`]) {
    assert.ok(why.includes(part), `${part} in ${why}`);
  }
});

await check('keyboard', `${PAGE}?from=2024-03-01&to=2024-04-01`, async (page) => {
  await drawn(page);
  const focused = () => page.evaluate(() => document.activeElement.id);
  for (let i = 0; i < 40 && (await focused()) !== 'plot'; i++) await page.keyboard.press('Tab');
  assert.equal(await focused(), 'plot');
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  assert.equal(await text(page, '#reading'), '5 Mar 2024: Bitcoin $21,890.00, Silver $1,350.00. 5 Mar 2024, Bitcoin: thin, untraded.');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#why dl');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Bitcoin, 5 Mar 2024/);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.isVisible('#why'), false, 'the explanation can be closed');
  await page.keyboard.press('+');
  assert.deepEqual(await parameters(page), { from: '2024-03-09', to: '2024-03-25' });
  await page.keyboard.press('Shift+ArrowLeft');
  assert.deepEqual(await parameters(page), { from: '2024-03-01', to: '2024-03-17' });
});

await check('dark', PAGE, async (page) => {
  await drawn(page);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await paper(), 'rgb(19, 19, 18)');
  assert.ok((await pixels(page, colours.dark.bitcoin)) > 300);
  await page.click('#theme');
  assert.equal(await paper(), 'rgb(247, 246, 242)');
  assert.ok((await pixels(page, colours.light.bitcoin)) > 300);
  await page.reload();
  assert.equal(await paper(), 'rgb(247, 246, 242)', 'the choice is kept');
}, { colorScheme: 'dark' });

await check('narrow', PAGE, async (page) => {
  await drawn(page);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
  assert.ok((await pixels(page, colours.light.bitcoin)) > 50);
  await page.setViewportSize({ width: 1000, height: 700 });
  await page.waitForFunction(() => document.querySelector('#chart canvas').width > 800);
}, { viewport: { width: 320, height: 640 } });

await check('reduced motion', PAGE, async (page) => {
  await drawn(page);
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('#plot')).transitionDuration), '0s');
}, { reducedMotion: 'reduce' });

await check('range without prices', `${PAGE}?from=1999-01-01&to=2000-01-01`, async (page) => {
  await page.waitForSelector('#message button');
  assert.match(await text(page, '#message'), /No price lies between 1 Jan 1999 and 31 Dec 1999\..*begins on 1 Jan 2019 and ends on 31 Dec 2024\./s);
  await page.click('#message button');
  await drawn(page);
  assert.deepEqual(await parameters(page), { from: '2019-01-01', to: '2025-01-01' });
});

await check('refused range', `${PAGE}?from=2024-01-01&to=2023-01-01`, async (page) => {
  await page.waitForSelector('#message button');
  assert.match(await text(page, '#message'), /^The range ends before it begins\./);
  await page.click('#message button');
  await drawn(page);
  assert.deepEqual(await parameters(page), {});
}, { expected: /status of 400/ });

await check('nothing stored', PAGE_EMPTY, async (page) => {
  await page.waitForSelector('#message pre');
  assert.match(await text(page, '#message'), /There are no prices yet\..*make run.*assay import /s);
});

await check('first prices', PAGE_GROWING, async (page) => {
  await page.waitForSelector('#message pre');
  await page.context().addCookies([{ name: 'grown', value: 'yes', url: PAGE_GROWING }]);
  await drawn(page);
  assert.ok((await pixels(page, colours.light.bitcoin)) > 300, 'what comes later is shown without a reload');
  assert.equal(await page.isVisible('#message'), false);
});

// The banner stands above the chart, and the warning in it, in either scheme and at the width of a telephone.
const alert = { light: [163, 59, 0], dark: [240, 163, 94] };
for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360]]) {
  await check(`simulated market, ${colorScheme}, ${width} wide`, PAGE_SIMULATED, async (page, bytes) => {
    await drawn(page);
    assert.equal(await text(page, '#market'), 'Simulated market: these prices are made up. For real ones: MARKET=live make run');
    assert.ok((await pixels(page, alert[colorScheme])) > 100, 'the warning is in the picture');
    assert.match(await page.getAttribute('#chart', 'aria-label'), /^Simulated market: these prices are made up\. Prices in US dollars/);
    assert.ok((await bytes()) <= 100_000);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    await page.click('[data-months="1"]');
    await drawn(page);
    assert.ok((await pixels(page, alert[colorScheme])) > 100, 'and in every other one');
  }, { colorScheme, viewport: { width, height: 800 } });
}

await check('metals without a history', PAGE, async (page) => {
  await drawn(page);
  assert.equal(await text(page, '#market'), 'Platinum has no long history: accept the terms of the London fixes with ASSAY_ACCEPT_TERMS=lbma, or load a file with assay import.');
  assert.equal(await pixels(page, alert.light), 0, 'the picture of real prices warns of nothing');
});

await check('with a function key', `${PAGE_WITH_KEY}/?code=k%3Dy`, async (page) => {
  await drawn(page);
  assert.ok((await pixels(page, colours.light.bitcoin)) > 300);
  await page.click('[data-months="6"]');
  assert.equal((await parameters(page)).code, 'k=y', 'the key stays in the address');
});

await check('without scripts', PAGE, async (page) => {
  assert.match(await text(page, 'main'), /^The chart is drawn with JavaScript, which is off here\. The same prices are in the API\.\s*$/);
}, { javaScriptEnabled: false });

await end();
