// What stands above the chart, or in its place when there is nothing to draw. Each returns elements.

const query = new URL(import.meta.url).search;
const [{ element }, { DAY, day }] = await Promise.all(['./dom.js', './format.js'].map((name) => import(name + query)));

const action = (text, onclick) => element('button', { type: 'button', onclick }, text);

// madeUp is the warning in every picture of a simulated market.
export const madeUp = 'Simulated market: these prices are made up';

// isShort reports whether an asset has less than a year of prices.
export const isShort = (asset) => !(asset.last - asset.first >= 365 * DAY);

// market says what kind of prices these are where that has to be said: none that are real, or metals of a few days only.
export function market({ assets, limits, simulated }) {
  if (simulated) return [element('strong', {}, `${madeUp}.`), ' For real ones: ', element('code', {}, 'MARKET=live make run')];
  const short = assets.filter((asset) => asset.key !== 'bitcoin' && isShort(asset));
  if (!limits || short.length === 0) return [];
  const names = short.map((asset, i) => (i ? asset.name.toLowerCase() : asset.name));
  const list = new Intl.ListFormat('en-GB').format(names);
  return [
    `${list} ${names.length > 1 ? 'have' : 'has'} no long history: accept the terms of the London fixes with `,
    element('code', {}, 'ASSAY_ACCEPT_TERMS=lbma'),
    ', or load a file with ',
    element('code', {}, 'assay import'),
    '.',
  ];
}

// noPrices says how to get the first prices.
export function noPrices() {
  return [
    element('p', {}, element('strong', {}, 'There are no prices yet.'), ' Let assay fetch them from the exchanges, every five minutes from now on:'),
    element('pre', {}, 'make run'),
    element('p', {}, 'or bring a history from a file:'),
    element('pre', {}, 'assay import prices.csv --series BTC-USD.bitstamp'),
    element('p', {}, 'Then ', action('look again', () => location.reload())),
  ];
}

// emptyRange says where the prices are when the range has none; look(range) shows another range.
export function emptyRange(range, limits, look) {
  return [
    element('p', {}, `No price lies between ${day(range.from)} and ${day(range.to - DAY)}.`),
    element('p', {}, `What is stored begins on ${day(limits.from)} and ends on ${day(limits.to - DAY)}.`),
    action('Show all of it', () => look(limits)),
  ];
}

// failure says what went wrong; retry shows the default view again.
export function failure(problem, retry) {
  return [element('p', {}, problem.message), action('Show the last five years', retry)];
}
