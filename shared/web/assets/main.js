// The page: what is looked at, what was sent for it, and the parts that show it.

const query = new URL(import.meta.url).search;
const [{ find }, { DAY, day, iso, parseDay, price }, view, { prices }, series, { drawChart }, { drawLegend }, { drawTable }, notes, messages] =
  await Promise.all(
    ['dom', 'format', 'view', 'prices', 'series', 'chart', 'legend', 'table', 'notes', 'messages'].map((name) => import(`./${name}.js${query}`)),
  );

// pause is how long the view has to rest before it is asked for, in milliseconds.
const pause = 150;

// A page that has just been opened asks again every so often while a history may still be on its way, in milliseconds.
const often = 3000;
const young = 120_000;

const state = {
  view: view.readView(),
  answer: null, // the prices last sent: see prices.js
  range: null, // what is drawn, {from, to} in epoch seconds: the answer's range, or already another one that is being asked for
  hidden: new Set(), // keys of the assets whose curves are not drawn
  pointed: null, // the time under the cursor
  timer: 0,
  request: null, // the AbortController of the request under way
};

let chart = null;
let showLegend = () => {};

// refresh asks for the prices of the view and shows them, or says why there are none. Quietly it shows only what is new.
async function refresh(quietly = false) {
  clearTimeout(state.timer);
  state.request?.abort();
  const request = (state.request = new AbortController());
  if (!quietly) find('plot').classList.add('waiting');
  try {
    const answer = await prices(state.view, request.signal);
    if (!quietly || JSON.stringify(answer) !== JSON.stringify(state.answer)) {
      state.answer = answer;
      state.range = answer.range;
      show();
    }
  } catch (problem) {
    if (!quietly && !request.signal.aborted) fail(problem);
  } finally {
    if (state.request === request) {
      find('plot').classList.remove('waiting');
      if (isGrowing()) state.timer = setTimeout(refresh, often, true);
    }
  }
}

// isGrowing reports whether more of the view that nobody chose may come soon.
const isGrowing = () => state.view.from === null && performance.now() < young && state.answer?.assets.some(messages.isShort);

// look moves the view to a range, which is drawn at once from what is here and asked for when the view rests.
function look(range) {
  state.request?.abort();
  state.request = null; // what it still does when it ends is not for this range
  state.range = view.kept(range, state.answer.limits);
  Object.assign(state.view, view.dates(state.range));
  view.writeView(state.view);
  show();
  find('plot').classList.add('waiting');
  clearTimeout(state.timer);
  state.timer = setTimeout(refresh, pause);
}

function model() {
  const { assets, step, simulated } = state.answer;
  const { from, to } = state.range;
  return {
    assets,
    step,
    warning: simulated ? messages.madeUp : '',
    range: state.range,
    log: state.view.scale === 'log',
    rebase: state.view.rebase,
    hidden: state.hidden,
    marks: assets.map((asset) => series.judge(asset, from, to).rare),
  };
}

// show shows the range with the prices that are here. That there are none is only said of a range that was asked for.
function show() {
  const { assets, limits, range, simulated } = state.answer;
  const { from, to } = state.range;
  const remark = messages.market(state.answer);
  find('market').replaceChildren(...remark);
  find('market').hidden = remark.length === 0;
  find('market').classList.toggle('simulated', simulated);
  const some = state.range !== range || assets.some((asset) => series.extent(asset, from, to));
  find('message').hidden = some;
  for (const id of ['plot', 'reading', 'table']) find(id).hidden = !some;
  for (const id of ['toolbar', 'legend']) find(id).hidden = !limits;
  if (limits) showControls();
  if (limits) showLegend = drawLegend(find('legend'), model(), { toggle, end: lookBack });
  notes.drawNotes(find('notes'), model());
  if (some) draw();
  else find('message').replaceChildren(...(limits ? messages.emptyRange(state.range, limits, look) : messages.noPrices()));
}

function fail(problem) {
  for (const id of ['plot', 'reading', 'table', 'notes', 'why', 'legend']) find(id).hidden = true;
  find('message').hidden = false;
  const again = () => {
    Object.assign(state.view, { from: null, to: null });
    view.writeView(state.view);
    refresh();
  };
  find('message').replaceChildren(...messages.failure(problem, again));
}

// draw draws the chart and what goes with it.
function draw() {
  const shown = model();
  chart?.close();
  chart = drawChart(find('chart'), shown, { select: look, cursor: point, pick: explain });
  const sentences = series.describe(shown.assets, shown.range.from, shown.range.to, shown.step);
  find('chart').setAttribute('aria-label', shown.warning ? `${shown.warning}. ${sentences}` : sentences);
  drawTable(find('table'), shown);
  find('reading').textContent = '';
}

const explain = (asset, position) => notes.explain(asset, position, state.answer.step);

// lookBack shows the five years before an asset's series ended.
function lookBack(asset) {
  look(view.back(asset.last + DAY, 60));
  find('plot').focus();
}

function toggle(asset) {
  if (!state.hidden.delete(asset.key)) state.hidden.add(asset.key);
  show();
  find('legend').querySelectorAll('.name')[state.answer.assets.indexOf(asset)].focus();
}

// point shows the values at a time, null for none. Marks found there are named below the chart.
function point(t) {
  state.pointed = t;
  showLegend(t);
  find('reading').textContent = t === null ? '' : markedAt(t).map(({ asset, position }) => `${notes.note(asset, position)}.`).join(' ');
}

// markedAt lists the marked bars of the curves that are drawn at time t.
function markedAt(t) {
  const shown = model();
  return shown.assets.flatMap((asset, i) => {
    const position = series.barAt(asset, t, shown.step);
    return !state.hidden.has(asset.key) && shown.marks[i].includes(position) ? [{ asset, position }] : [];
  });
}

function showControls() {
  const { limits } = state.answer;
  const { from, to } = state.range;
  for (const button of find('ranges').children) {
    const range = rangeOf(button.dataset.months, limits);
    button.setAttribute('aria-pressed', String(range.from === from && range.to === to));
  }
  for (const button of find('scales').children) button.setAttribute('aria-pressed', String(button.dataset.scale === state.view.scale));
  find('rebase').setAttribute('aria-pressed', String(state.view.rebase));
  for (const [id, t] of [['from', from], ['to', to]]) if (document.activeElement !== find(id)) find(id).value = iso(t);
}

// rangeOf returns the range of a button: that many months up to the newest bar, or everything.
function rangeOf(months, limits) {
  return months === 'all' ? limits : view.kept(view.back(limits.to, Number(months)), limits);
}

// onKey reads the chart with the keyboard.
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !state.range) return;
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const zoom = { '+': 0.5, '=': 0.5, '-': 2 }[event.key];
  if (direction && event.shiftKey) look(view.moved(state.range, direction / 2));
  else if (direction) read(direction);
  else if (zoom) look(view.zoomed(state.range, zoom));
  else if (event.key === 'Enter' && state.pointed !== null) {
    const [first] = markedAt(state.pointed);
    if (first) explain(first.asset, first.position);
  } else return;
  event.preventDefault();
}

// read moves the cursor by one bar and says what is there.
function read(direction) {
  const { assets, step } = state.answer;
  const { from, to } = state.range;
  const start = state.pointed ?? (direction < 0 ? to : from - step);
  const t = Math.min(Math.max(Math.floor(start / DAY) * DAY + direction * step, from), to - DAY);
  chart.pointAt(t);
  point(t);
  const values = assets.flatMap((asset) => {
    const position = series.barAt(asset, t, step);
    return position < 0 ? [] : [`${asset.name} ${price(asset.close[position])}`];
  });
  find('reading').textContent = [`${day(t)}: ${values.join(', ') || 'no prices'}.`, find('reading').textContent].join(' ');
}

// onDate takes the range from the two date fields as they are: whether it makes sense is the API's to say.
function onDate() {
  const [from, to] = [find('from').value, find('to').value];
  if (!(parseDay(from) > parseDay('1200-01-01')) || !(parseDay(to) > parseDay('1200-01-01'))) return; // still being typed
  Object.assign(state.view, { from, to });
  view.writeView(state.view);
  refresh();
}

// darkNow reports whether the page is dark: by choice, or else by the system's scheme.
const system = matchMedia('(prefers-color-scheme: dark)');
const darkNow = () => (document.documentElement.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark';

function setTheme(choice) {
  if (choice) document.documentElement.dataset.theme = choice;
  try {
    if (choice) localStorage.setItem('theme', choice);
  } catch {
    // storage is forbidden: the choice holds for this visit
  }
  find('theme').hidden = false;
  const other = darkNow() ? 'Light' : 'Dark';
  find('theme').textContent = other;
  find('theme').setAttribute('aria-label', `${other} colours`);
  if (chart) draw();
}

function listen() {
  const change = (what) => {
    Object.assign(state.view, what);
    view.writeView(state.view);
    show();
  };
  for (const button of find('ranges').children) button.addEventListener('click', () => look(rangeOf(button.dataset.months, state.answer.limits)));
  for (const button of find('scales').children) button.addEventListener('click', () => change({ scale: button.dataset.scale }));
  for (const button of find('moves').children) {
    const { move, zoom } = button.dataset;
    button.addEventListener('click', () => look(move ? view.moved(state.range, Number(move)) : view.zoomed(state.range, Number(zoom))));
  }
  find('rebase').addEventListener('click', () => change({ rebase: !state.view.rebase }));
  for (const id of ['from', 'to']) find(id).addEventListener('change', onDate);
  find('plot').addEventListener('keydown', onKey);
  find('theme').addEventListener('click', () => setTheme(darkNow() ? 'light' : 'dark'));
  system.addEventListener('change', () => setTheme(null));
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (chart && entry.contentRect.width > 0 && entry.contentRect.width !== width) draw();
    width = entry.contentRect.width;
  }).observe(find('chart'));
}

listen();
setTheme(null);
find('message').hidden = false;
refresh();
