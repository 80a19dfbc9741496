// What is looked at: the part of the page that lives in its address, so that a view can be shared.
// A view is {from, to, scale, rebase}: from and to as the API takes them or null for its choice; scale is log or linear.

const { DAY, iso } = await import(`./format.js${new URL(import.meta.url).search}`);

// readView takes the view from the page's address.
export function readView() {
  const query = new URLSearchParams(location.search);
  return {
    from: query.get('from'),
    to: query.get('to'),
    scale: query.get('scale') === 'linear' ? 'linear' : 'log',
    rebase: query.get('rebase') === '100',
  };
}

// writeView puts the view into the page's address without a step in the browser's history. Other parameters stay.
export function writeView(view) {
  const url = new URL(location.href);
  const put = (name, value) => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name));
  put('from', view.from);
  put('to', view.to);
  put('scale', view.scale === 'linear' && 'linear');
  put('rebase', view.rebase && '100');
  history.replaceState(null, '', url);
}

// back returns the range that ends at end and begins some calendar months before it: {from, to} in epoch seconds.
export function back(end, months) {
  const d = new Date(end * 1000);
  const last = new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() - months + 1, 0)).getUTCDate(); // of the month it lands in
  return { from: Date.UTC(d.getUTCFullYear(), d.getUTCMonth() - months, Math.min(d.getUTCDate(), last)) / 1000, to: end };
}

// moved returns the range that is by a share of its length later, or earlier where the share is negative.
export function moved({ from, to }, share) {
  const by = Math.sign(share) * Math.round(((to - from) * Math.abs(share)) / DAY) * DAY;
  return { from: from + by, to: to + by };
}

// zoomed returns the range of factor times the length around the same middle, a week at least.
export function zoomed({ from, to }, factor) {
  const length = Math.max(7 * DAY, Math.round(((to - from) * factor) / DAY) * DAY);
  const start = Math.round((from + to - length) / 2 / DAY) * DAY;
  return { from: start, to: start + length };
}

// kept moves and cuts a range so that it lies within limits.
export function kept({ from, to }, limits) {
  const length = Math.min(to - from, limits.to - limits.from);
  const start = Math.min(Math.max(from, limits.from), limits.to - length);
  return { from: start, to: start + length };
}

// dates writes a range as the address has it.
export const dates = ({ from, to }) => ({ from: iso(from), to: iso(to) });
