// Asking the API.

const { DAY } = await import(`./format.js${new URL(import.meta.url).search}`);

// functionKey is the key in the page's own address. It is sent as a header, so that it stands in no request's URL.
const functionKey = new URLSearchParams(location.search).get('code');

// ask gets JSON from this host's API. It throws an Error whose message is a sentence for people: the API's own where it sent one.
export async function ask(path, parameters, signal) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value);
  const headers = functionKey ? { 'x-functions-key': functionKey } : {};
  let response;
  try {
    response = await fetch(url, { headers, signal });
  } catch (problem) {
    if (problem.name === 'AbortError') throw problem;
    throw new Error('The API does not answer. Is assay still running?');
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  if (response.status === 401) throw new Error('Reading needs a function key: add ?code=… with the key to the address of this page.');
  throw new Error(answer?.detail ?? answer?.title ?? `The API answered ${response.status} without a reason.`);
}

// prices asks for the prices of a view: {assets, range, step, limits, simulated}. limits is the range of all that is stored, null
// when nothing is; simulated says that the prices are made up. Times are in epoch seconds; step is the length of a bar in seconds.
export async function prices({ from, to }, signal) {
  const answer = await ask('/api/v1/expensive-things', { from, to }, signal);
  const assets = answer.assets.map((asset) => ({
    key: asset.asset,
    name: asset.title,
    series: asset.series,
    about: asset.series ? `${asset.name}: ${asset.reason}` : asset.reason,
    calendar: asset.calendar,
    first: dayOf(asset.first),
    last: dayOf(asset.last),
    time: asset.time,
    close: asset.close,
    flags: byBar(asset),
  }));
  const stored = assets.filter((asset) => asset.first !== null);
  const limits = {
    from: Math.min(...stored.map((asset) => asset.first)),
    to: Math.max(...stored.map((asset) => asset.last)) + DAY,
  };
  return { assets, range: { from: answer.from, to: answer.to }, step: answer.step, limits: stored.length ? limits : null, simulated: answer.simulated === true };
}

const dayOf = (text) => (text === null ? null : Math.floor(Date.parse(text) / 1000 / DAY) * DAY);

// byBar turns the positions of each flag into the flags of each bar.
function byBar(asset) {
  const flags = asset.time.map(() => null);
  for (const [name, positions] of Object.entries(asset.flags)) {
    for (const i of positions) (flags[i] ??= []).push(name);
  }
  return flags;
}
