// What the page computes from the prices it was sent. Pure: no document, no clock.
// An asset has time (epoch seconds, ascending) and close of equal length, flags (a list of names for each bar, or null),
// calendar, name and series. step is the length of one bar in seconds.

// Imported with this module's own query, in which a function key may travel: a static import would lose it.
const { DAY, day, price, count } = await import(`./format.js${new URL(import.meta.url).search}`);

// reach is how far apart two neighbouring bars of an asset may lie, in seconds, without a bar missing between them. A market
// that always trades misses none; the others close over weekends and holidays: London from Maundy Thursday to the
// Tuesday after Easter, and five days at some Christmases. A hole that such a closure could explain is not shown as one.
export function reach(asset, step) {
  return asset.calendar === 'always' ? step : Math.max(step, 5 * DAY) + (step > DAY ? step : 0);
}

// lastAtOrBefore returns the position of the last bar that starts at or before t, or -1.
export function lastAtOrBefore(asset, t) {
  let low = 0;
  let high = asset.time.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (asset.time[middle] <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// barAt returns the position of the bar that stands for time t: the last one, if the market had not been without one for
// longer than it may be; else -1.
export function barAt(asset, t, step) {
  const i = lastAtOrBefore(asset, t);
  return i >= 0 && t - asset.time[i] < reach(asset, step) && asset.close[i] !== null ? i : -1;
}

// within returns the positions [first, end) of the bars that start in [from, to).
export function within(asset, from, to) {
  return [lastAtOrBefore(asset, from - 1) + 1, lastAtOrBefore(asset, to - 1) + 1];
}

// extent returns the positions of the first, last, lowest and highest close in [from, to), or null if there is none.
export function extent(asset, from, to) {
  const [start, end] = within(asset, from, to);
  let found = null;
  for (let i = start; i < end; i++) {
    const value = asset.close[i];
    if (value === null) continue;
    found ??= { first: i, last: i, low: i, high: i };
    found.last = i;
    if (value < asset.close[found.low]) found.low = i;
    if (value > asset.close[found.high]) found.high = i;
  }
  return found;
}

// curve returns the asset as [times, values] for drawing: closes times scale, with a null where a bar is missing.
export function curve(asset, step, scale) {
  const longest = reach(asset, step);
  const times = [];
  const values = [];
  asset.time.forEach((t, i) => {
    if (i > 0 && t - asset.time[i - 1] > longest) {
      times.push(asset.time[i - 1] + step);
      values.push(null);
    }
    times.push(t);
    values.push(asset.close[i] === null ? null : asset.close[i] * scale);
  });
  return [times, values];
}

// gaps counts the breaks of the curve in [from, to).
export function gaps(asset, from, to, step) {
  const [start, end] = within(asset, from, to);
  let n = 0;
  for (let i = start; i < end; i++) {
    if (asset.close[i] === null || (i > start && asset.time[i] - asset.time[i - 1] > reach(asset, step))) n++;
  }
  return n;
}

// judge splits the flags of the bars in [from, to). common names those on more than a twentieth of them (and on more than
// twelve), with their number: they say how the whole series came about. rare lists the positions of the bars with any other flag: they are marked.
export function judge(asset, from, to) {
  const [start, end] = within(asset, from, to);
  const tally = new Map();
  for (let i = start; i < end; i++) {
    for (const name of asset.flags[i] ?? []) tally.set(name, (tally.get(name) ?? 0) + 1);
  }
  const common = [...tally].filter(([, n]) => n > 12 && n > (end - start) / 20).map(([name, n]) => ({ name, count: n }));
  const rare = [];
  for (let i = start; i < end; i++) {
    if (asset.flags[i]?.some((name) => !common.some((c) => c.name === name))) rare.push(i);
  }
  return { common, rare, bars: end - start };
}

// describe says in words what the chart shows, for those who cannot see it.
export function describe(assets, from, to, step) {
  const sentences = assets.map((asset) => {
    const e = extent(asset, from, to);
    if (!e) return `${asset.name}: no prices.`;
    const at = (i) => `${price(asset.close[i])} on ${day(asset.time[i])}`;
    const breaks = gaps(asset, from, to, step);
    const interrupted = breaks === 0 ? '' : `, ${count(breaks)} ${breaks === 1 ? 'gap' : 'gaps'}`;
    return `${asset.name}: last ${at(e.last)}, lowest ${at(e.low)}, highest ${at(e.high)}${interrupted}.`;
  });
  return `Prices in US dollars from ${day(from)} to ${day(to - DAY)}. ${sentences.join(' ')}`;
}

// rows lists the table of [from, to), newest first: the time, then the close of each asset, null where it has none.
export function rows(assets, from, to) {
  const byTime = new Map();
  assets.forEach((asset, column) => {
    const [start, end] = within(asset, from, to);
    for (let i = start; i < end; i++) {
      const t = asset.time[i];
      if (!byTime.has(t)) byTime.set(t, assets.map(() => null));
      byTime.get(t)[column] = asset.close[i];
    }
  });
  return [...byTime].sort(([a], [b]) => b - a);
}
