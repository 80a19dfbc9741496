// The marks of the chart's axes.

const { DAY, month } = await import(`./format.js${new URL(import.meta.url).search}`);

// dayIncrements are the steps that the time axis may take; uPlot takes multiples of 30 and of 365 days for months and years.
export const dayIncrements = [
  ...[1, 2, 3, 5, 7, 14].map((n) => n * DAY),
  ...[1, 2, 3, 6].map((n) => n * 30 * DAY),
  ...[1, 2, 5, 10, 20, 50].map((n) => n * 365 * DAY),
];

// timeLabels names the marks of the time axis: the year at each first mark of a year, else the month, else the day.
export function timeLabels(splits, increment) {
  let year = null;
  return splits.map((t) => {
    const d = new Date(t * 1000);
    const newYear = d.getUTCFullYear() !== year;
    year = d.getUTCFullYear();
    if (increment >= 365 * DAY) return String(year);
    const name = increment >= 30 * DAY ? month(t) : `${d.getUTCDate()} ${month(t)}`;
    return newYear ? `${name}\n${year}` : name;
  });
}

const steps = [1, 2, 5, 10];

// linearMarks returns round values in [low, high], at most about most of them.
export function linearMarks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * steps.find((s) => s * power >= rough);
  const marks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) marks.push(Number((i * step).toPrecision(12)));
  return marks;
}

// logMarks returns round values in [low, high] for a logarithmic axis, at most about most of them: 1, 2 and 5 of each
// power of ten, or powers of ten alone where those are too many, or evenly spaced ones within less than a power of ten.
export function logMarks(low, high, most) {
  if (high / low < 6) return linearMarks(low, high, most);
  const marks = (digits, every) => {
    const found = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
      if (e % every === 0) found.push(...digits.map((d) => Number(`${d}e${e}`)).filter((v) => v >= low && v <= high));
    }
    return found;
  };
  const choices = [marks([1, 2, 5], 1), marks([1, 3], 1), marks([1], 1), marks([1], 2)];
  return choices.find((c) => c.length <= most) ?? choices.at(-1);
}
