// The legend: one card for each asset, with its value under the cursor, its change over the range, and the series behind it.

const query = new URL(import.meta.url).search;
const [{ element }, { barAt, extent, judge, reach }, { DAY, day, weekday, price, index, change, count }, { scaleOf }] = await Promise.all(
  ['./dom.js', './series.js', './format.js', './chart.js'].map((name) => import(name + query)),
);

const svg = 'http://www.w3.org/2000/svg';

// sample draws the asset's line as the chart does; the style sheet knows colours and dashes.
function sample(asset) {
  const picture = document.createElementNS(svg, 'svg');
  picture.setAttribute('class', `sample ${asset.key}`);
  picture.setAttribute('viewBox', '0 0 32 4');
  picture.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(svg, 'line');
  for (const [name, value] of Object.entries({ x1: 0, y1: 2, x2: 32, y2: 2 })) line.setAttribute(name, value);
  picture.append(line);
  return picture;
}

// drawLegend fills list with a card for each asset of model and returns show(t), which sets the cards to the time
// under the cursor, null for the last bar of each. on.toggle(asset) is called when a card's name is pressed, on.end(asset)
// when its last date is.
export function drawLegend(list, model, on) {
  const cards = model.assets.map((asset) => card(asset, model, on));
  list.replaceChildren(...cards.map((c) => c.root));
  const show = (t) => cards.forEach((c) => c.show(t));
  show(null);
  return show;
}

function card(asset, model, on) {
  const e = extent(asset, model.range.from, model.range.to);
  const value = element('p', { class: 'value' });
  const detail = element('p', { class: 'detail' });
  const name = element(
    'button',
    {
      type: 'button',
      class: 'name',
      'aria-pressed': String(!model.hidden.has(asset.key)),
      title: 'Show or hide the curve',
      onclick: () => on.toggle(asset),
    },
    sample(asset),
    asset.name,
  );
  const root = element('li', { class: 'card' }, name, value, detail, ...remarks(asset, e, model, on));
  const show = (t) => {
    const at = t === null ? (e?.last ?? -1) : barAt(asset, t, model.step);
    value.textContent = at < 0 ? '—' : price(asset.close[at]);
    value.classList.toggle('stale', t !== null && at >= 0 && t - asset.time[at] >= Math.max(model.step, DAY));
    detail.textContent = at < 0 ? (e ? 'no price' : asset.series ? 'no price in this range' : '') : describeValue(asset, at, e, model);
  };
  return { root, show };
}

function describeValue(asset, at, e, model) {
  const t = asset.time[at];
  const when = model.step > DAY ? `${model.step / DAY} days from ${day(t)}` : `${weekday(t)} ${day(t)}`;
  if (at === e.first) return when;
  const moved = model.rebase ? index(asset.close[at] * scaleOf(asset, model)) : change(asset.close[at] / asset.close[e.first]);
  return `${moved} · ${when}`;
}

// remarks says which series is shown, where it ends when others go on, and what was marked throughout.
function remarks(asset, e, model, on) {
  const lines = [];
  lines.push(asset.series ? element('p', { class: 'series', title: asset.about }, asset.series) : element('p', { class: 'detail' }, asset.about));
  if (asset.last !== null && model.range.to - asset.last > reach(asset, DAY)) {
    const attributes = { type: 'button', class: 'ends', title: 'Show the years before', onclick: () => on.end(asset) };
    lines.push(element('button', attributes, `ends ${day(asset.last)}`));
  }
  if (!e) return lines;
  if (model.rebase) lines.push(element('p', { class: 'common' }, `100 on ${day(asset.time[e.first])}`));
  const { common, bars } = judge(asset, model.range.from, model.range.to);
  for (const [n, same] of Map.groupBy(common, (flag) => flag.count)) {
    const names = same.map((flag) => flag.name).join(', ');
    lines.push(element('p', { class: 'common' }, n === bars ? `${names} throughout` : `${names}: ${count(n)} of ${count(bars)} bars`));
  }
  return lines;
}
