// The table of the visible range, for those who read numbers or cannot see the chart. It is only built while it is open.

const query = new URL(import.meta.url).search;
const [{ element }, { rows }, { DAY, iso, price, count }] = await Promise.all(
  ['./dom.js', './series.js', './format.js'].map((name) => import(name + query)),
);

// drawTable fills the <details> element with the closes of model's range.
export function drawTable(details, model) {
  const lines = rows(model.assets, model.range.from, model.range.to);
  details.querySelector('summary').textContent = `Table of the ${count(lines.length)} ${model.step > DAY ? 'bars' : 'days'} shown`;
  const fill = () => details.open && details.querySelector('.scroll').replaceChildren(table(model.assets, lines));
  details.ontoggle = fill;
  details.querySelector('.scroll').replaceChildren();
  fill();
}

function table(assets, lines) {
  const heads = assets.map((asset) => element('th', { scope: 'col' }, asset.name, element('small', {}, asset.series ?? '')));
  const body = lines.map(([t, closes]) =>
    element('tr', {}, element('th', { scope: 'row' }, iso(t)), ...closes.map((close) => element('td', {}, close === null ? '' : price(close)))),
  );
  return element(
    'table',
    {},
    element('caption', {}, 'Closes in US dollars, newest first. A day without a price is empty.'),
    element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'Day (UTC)'), ...heads)),
    element('tbody', {}, ...body),
  );
}
