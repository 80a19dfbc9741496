// How times and numbers read. A time is in epoch seconds, UTC.

export const DAY = 86400;

const locale = 'en-GB';
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const utc = (t) => new Date(t * 1000);

// iso writes the day of a time as 2016-11-13.
export const iso = (t) => utc(t).toISOString().slice(0, 10);

// parseDay reads 2016-11-13 as the start of that day, null when it is no date.
export function parseDay(text) {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text ?? '') ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(ms) ? null : ms / 1000;
}

export const day = (t) => `${utc(t).getUTCDate()} ${month(t)} ${utc(t).getUTCFullYear()}`;
export const weekday = (t) => weekdays[utc(t).getUTCDay()];
export const month = (t) => months[utc(t).getUTCMonth()];
export const count = (n) => n.toLocaleString(locale);

// price writes US dollars with the digits that such a price is quoted in.
export function price(value) {
  const digits = value >= 1 ? 2 : 4;
  return '$' + value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// index writes a value of the rebased axis.
export const index = (value) => value.toLocaleString(locale, { maximumFractionDigits: value < 1000 ? 1 : 0 });

// change writes a ratio of two prices as a signed percentage.
export function change(ratio) {
  const percent = (ratio - 1) * 100;
  const digits = Math.abs(percent) < 100 ? 1 : 0;
  const text = Math.abs(percent).toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${percent < 0 ? '−' : '+'}${text}\u202f%`;
}

// tick writes a value of the vertical axis in few characters.
export function tick(value, step) {
  if (value >= 1e6) return `${value / 1e6}m`;
  if (value >= 10000) return `${Number((value / 1000).toPrecision(6))}k`;
  const digits = Math.max(0, Math.min(4, -Math.floor(Math.log10(step))));
  return value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
