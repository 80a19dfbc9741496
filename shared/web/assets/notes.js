// Why bars are marked: the list of those in view, and what the API explains about one of them.

const query = new URL(import.meta.url).search;
const [{ element, find }, { DAY, day, price, count }, { ask }] = await Promise.all(
  ['./dom.js', './format.js', './prices.js'].map((name) => import(name + query)),
);

// meanings says what a flag means; a flag that is not here is shown by its name alone.
const meanings = {
  partial: 'a field was absent, or refused, and stays absent',
  repaired: 'a field was put right by a rule',
  'swapped-volume': 'the file had exchanged its two volume columns',
  untraded: 'the source repeated its last price: nothing traded',
  'outside-range': 'open or close lies outside low and high, as the source sent it',
  incomplete: 'computed from fewer minutes than the interval has',
  derived: 'computed from shorter bars, or with an exchange rate',
  sampled: 'made of quotes looked at now and then',
  thin: 'fewer than two sources voted',
  disputed: 'the sources that voted lie far apart',
  spike: 'far from its neighbours and back',
  stuck: 'the same price for too long',
  stub: 'a day with under half of its session',
  'by-publisher': 'voted by publishers, for want of a venue',
  'by-quote': "voted by dealers' quotes, for want of a better source",
  'by-aggregator': 'voted by aggregators, for want of a better source',
  provisional: 'a source has not reported yet',
  unfinished: 'the interval has not ended',
};

// listed is how many marked bars the list names at most.
const listed = 200;

// drawNotes fills the list of marked bars, newest first. Each is a button that explains it.
export function drawNotes(details, model) {
  const marked = model.assets.flatMap((asset, i) => model.marks[i].map((position) => ({ asset, position })));
  marked.sort((a, b) => b.asset.time[b.position] - a.asset.time[a.position]);
  details.hidden = marked.length === 0;
  const title = marked.length === 1 ? 'One marked price' : `${count(marked.length)} marked prices`;
  details.querySelector('summary').textContent = marked.length > listed ? `${title}, the newest ${listed} listed` : title;
  details.querySelector('ul').replaceChildren(
    ...marked.slice(0, listed).map(({ asset, position }) =>
      element('li', {}, element('button', { type: 'button', onclick: () => explain(asset, position, model.step) }, note(asset, position))),
    ),
  );
}

// note says in one line what is marked and how.
export function note(asset, position) {
  return `${day(asset.time[position])}, ${asset.name}: ${asset.flags[position].join(', ')}`;
}

// explain shows what the API knows about one bar of the given length in seconds, and moves the focus there.
export async function explain(asset, position, step) {
  const box = find('why');
  const flags = asset.flags[position].map((flag) => element('li', {}, element('b', {}, flag), meanings[flag] ? `: ${meanings[flag]}` : ''));
  const receipt = element('div', { class: 'receipt' }, element('p', {}, 'Asking for the receipt…'));
  const title = element('h2', { tabindex: '-1' }, `${asset.name}, ${day(asset.time[position])}: ${price(asset.close[position])}`);
  const close = element('button', { type: 'button', class: 'close', 'aria-label': 'Close the explanation', onclick: closeExplanation }, '×');
  box.replaceChildren(close, title, element('ul', {}, ...flags), receipt);
  box.hidden = false;
  title.focus();
  if (step > DAY) {
    receipt.replaceChildren(element('p', {}, `This point stands for ${count(step / DAY)} days: zoom in until each day is shown.`));
    return;
  }
  try {
    const answer = await ask(`/api/v1/series/${encodeURIComponent(asset.series)}/explain`, { t: String(asset.time[position]) });
    receipt.replaceChildren(...answer.sources.map(receiptOf));
  } catch (problem) {
    receipt.replaceChildren(element('p', {}, problem.message));
  }
}

// receiptOf lists what one source said about the bar, and where its bytes lie.
function receiptOf(source) {
  const verdict = [source.role, source.verdict].filter(Boolean).join(', ');
  const lines = [
    ['Source', verdict ? `${source.series} (${verdict})` : source.series],
    ['Flags', source.bar?.flags.join(', ')],
    ['Received', source.received?.replace('T', ' ').replace('Z', ' UTC')],
    ['Raw blob', source.raw],
    ['Joined into', source.joined],
    ...source.rejects.map((reject) => ['Refused', [reject.rule, reject.field].filter(Boolean).join(', ') + `: ${reject.reason}`]),
    ...source.rejects.map((reject) => ['As sent', reject.text]),
  ];
  return element('dl', {}, ...lines.filter(([, text]) => text).flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
}

function closeExplanation() {
  find('why').hidden = true;
  find('plot').focus();
}
