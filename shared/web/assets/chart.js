// The chart: curves with gaps, rings on the bars that a rule marked, names at the curves' ends. Drawn by uPlot on a canvas,
// which index.html loads before this: as a plain script it is half the size of its module.

const { uPlot } = globalThis;

const query = new URL(import.meta.url).search;
const [{ barAt, curve, extent }, { dayIncrements, timeLabels, linearMarks, logMarks }, { DAY, day, index, tick }] =
  await Promise.all(['./series.js', './axes.js', './format.js'].map((name) => import(name + query)));

// dashes tell the curves apart without their colours, in CSS pixels: by position, as the legend's samples draw them.
const dashes = [[], [12, 2], [4, 2], [12, 2, 3, 2]];

// roomy is the width in CSS pixels from which there is room for names at the curves' ends.
const roomy = 720;

// near is how close to a ring a click has to be, in CSS pixels.
const near = 14;

// drawChart draws model into container and returns {pointAt(t), close()}. model is {assets, range, step, log, rebase, marks, hidden, warning}: marks
// lists the positions of each asset's marked bars, hidden is a set of asset keys, warning is what no picture may lack, or empty. on.select(range) is called
// when a range was dragged, on.cursor(t) as the pointer moves (null when it leaves) and on.pick(asset, position) when a ring is clicked.
export function drawChart(container, model, on) {
  const paint = palette(container, model.assets);
  const scales = model.assets.map((asset) => scaleOf(asset, model));
  const curves = model.assets.map((asset, i) => curve(asset, model.step, scales[i]));
  const data = uPlot.join(curves, curves.map(() => [0, 2])); // 2: a null breaks the curve up to its own neighbours
  const rowOf = new Map(data[0].map((t, row) => [t, row]));
  const wide = container.clientWidth >= roomy;

  const chart = new uPlot(
    {
      width: container.clientWidth,
      height: height(container.clientWidth),
      padding: [model.warning ? 32 : 12, wide ? 84 : 10, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [model.range.from, model.range.to - DAY / 2] },
        y: { distr: model.log ? 3 : 1, range: (_, low, high) => padded(low, high, model.log) },
      },
      tzDate: (t) => uPlot.tzDate(new Date(t * 1000), 'Etc/UTC'),
      axes: axes(model, paint),
      series: [
        {},
        ...model.assets.map((asset, i) => ({
          show: !model.hidden.has(asset.key),
          stroke: paint.of(asset),
          width: 1.75,
          dash: dashes[i % dashes.length].map((length) => length * devicePixelRatio),
          cap: 'butt',
          points: { show: false },
        })),
      ],
      cursor: {
        y: false,
        points: { size: 8, width: 2, stroke: (_, i) => paint.of(model.assets[i - 1]), fill: paint.surface },
        drag: { x: true, y: false, setScale: false },
        dataIdx: (_, i, row, t) => {
          if (i === 0) return row;
          const asset = model.assets[i - 1];
          const position = barAt(asset, t + model.step / 2, model.step);
          return position < 0 ? null : rowOf.get(asset.time[position]);
        },
      },
      hooks: {
        setCursor: [
          (u) => on.cursor(u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, 'x') + model.step / 2),
          (u) => (u.over.style.cursor = nearestMark(u, model, scales) ? 'pointer' : ''),
        ],
        setSelect: [(u) => dragged(u, on)],
        draw: [(u) => drawBreaks(u, curves, model, paint), (u) => drawMarks(u, model, scales, paint), (u) => wide && drawNames(u, model, scales, paint), (u) => drawWarning(u, model, paint)],
      },
    },
    data,
    container,
  );
  chart.over.addEventListener('click', () => {
    const hit = nearestMark(chart, model, scales);
    if (hit) on.pick(hit.asset, hit.position);
  });
  return {
    pointAt: (t) => chart.setCursor({ left: chart.valToPos(t, 'x'), top: chart.over.clientHeight / 2 }),
    close: () => chart.destroy(),
  };
}

// palette returns the style sheet's colours as they are in the present colour scheme, and the font.
function palette(container, assets) {
  const colour = (name) => {
    container.style.color = `var(--${name})`;
    return getComputedStyle(container).color;
  };
  const curves = new Map(assets.map((asset) => [asset.key, colour(asset.key)]));
  return {
    soft: colour('soft'),
    line: colour('line'),
    surface: colour('surface'),
    alert: colour('alert'),
    of: (asset) => curves.get(asset.key),
    family: getComputedStyle(container).fontFamily,
  };
}

// scaleOf returns what an asset's closes are multiplied with: 1, or what makes the first close of the range 100.
export function scaleOf(asset, model) {
  const e = model.rebase && extent(asset, model.range.from, model.range.to);
  return e ? 100 / asset.close[e.first] : 1;
}

// height fits the chart to its width, and to a window that also holds what stands above it.
const height = (width) => Math.round(Math.max(300, Math.min(width * 0.46, 520, innerHeight - 380)));

// padded leaves some room above and below the values. A linear axis starts at zero unless the values lie close together.
function padded(low, high, log) {
  if (low === null || !(high > 0)) return [1, 10];
  if (log) {
    const room = Math.max((high / low) ** 0.06, 1.01);
    return [low / room, high * room];
  }
  const room = Math.max((high - low) * 0.06, high * 0.005);
  return [low < high * 0.6 ? 0 : low - room, high + room];
}

function axes(model, paint) {
  const font = `12px ${paint.family}`;
  const marks = (u, _, low, high) => (model.log ? logMarks : linearMarks)(low, high, Math.max(3, u.height / 48));
  return [
    {
      stroke: paint.soft, font, incrs: dayIncrements, space: 64, gap: 6,
      size: (_, labels) => (labels?.some((label) => label.includes('\n')) ? 48 : 30),
      grid: { show: false }, ticks: { stroke: paint.line, width: 1, size: 5 }, border: { show: true, stroke: paint.line, width: 1 },
      values: (_, splits, __, ___, increment) => timeLabels(splits, increment),
    },
    {
      stroke: paint.soft, font, size: 52, gap: 8, splits: marks, filter: (_, splits) => splits,
      grid: { stroke: paint.line, width: 1 }, ticks: { show: false },
      values: (_, splits) => splits.map((v, i) => (model.rebase ? index(v) : tick(v, splits[i + 1] - v || v - splits[i - 1] || v))),
    },
  ];
}

// dragged hands on the days under the selection, and takes the selection away.
function dragged(u, on) {
  const { left, width } = u.select;
  if (width < 8) return;
  const from = Math.floor(u.posToVal(left, 'x') / DAY) * DAY;
  const to = Math.ceil(u.posToVal(left + width, 'x') / DAY) * DAY;
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  on.select({ from, to });
}

// eachMark calls visit(asset, position, x, y) for every ring in view, in canvas pixels, or CSS pixels from the plot's corner.
function eachMark(u, model, scales, inCanvas, visit) {
  model.assets.forEach((asset, i) => {
    if (model.hidden.has(asset.key)) return;
    for (const position of model.marks[i]) {
      if (asset.close[position] === null) continue;
      const x = u.valToPos(asset.time[position], 'x', inCanvas);
      visit(asset, position, x, u.valToPos(asset.close[position] * scales[i], 'y', inCanvas));
    }
  });
}

// drawBreaks puts a dot on both sides of each break, so that it differs from a dash and a lone bar is seen.
function drawBreaks(u, curves, model, paint) {
  const { ctx } = u;
  ctx.save();
  curves.forEach(([times, values], i) => {
    if (model.hidden.has(model.assets[i].key)) return;
    ctx.fillStyle = paint.of(model.assets[i]);
    values.forEach((value, at) => {
      const inside = times[at] >= model.range.from && times[at] < model.range.to;
      if (value === null || !inside || (values[at - 1] !== null && values[at + 1] !== null)) return;
      ctx.beginPath();
      ctx.arc(u.valToPos(times[at], 'x', true), u.valToPos(value, 'y', true), 2 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    });
  });
  ctx.restore();
}

function drawMarks(u, model, scales, paint) {
  const { ctx } = u;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  ctx.fillStyle = paint.surface;
  eachMark(u, model, scales, true, (asset, _, x, y) => {
    ctx.beginPath();
    ctx.arc(x, y, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.strokeStyle = paint.of(asset);
    ctx.fill();
    ctx.stroke();
  });
  ctx.restore();
}

function nearestMark(u, model, scales) {
  let best = null;
  eachMark(u, model, scales, false, (asset, position, x, y) => {
    const distance = Math.hypot(x - u.cursor.left, y - u.cursor.top);
    if (distance <= near && (!best || distance < best.distance)) best = { asset, position, distance };
  });
  return best;
}

// drawNames writes each asset's name at the end of its curve, and that it ends where it does so within the range.
function drawNames(u, model, scales, paint) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const names = model.assets.flatMap((asset, i) => {
    const e = extent(asset, model.range.from, model.range.to);
    if (!e || model.hidden.has(asset.key)) return [];
    const x = u.valToPos(asset.time[e.last], 'x', true) + 8 * ratio;
    const room = u.bbox.left + u.bbox.width - x;
    const text = room > 140 * ratio ? `${asset.name}, ends ${day(asset.time[e.last])}` : asset.name;
    return [{ text, x, y: u.valToPos(asset.close[e.last] * scales[i], 'y', true), colour: paint.of(asset) }];
  });
  names.sort((a, b) => a.y - b.y);
  names.forEach((name, i) => {
    const above = names.slice(0, i).findLast((other) => Math.abs(other.x - name.x) < 150 * ratio);
    if (above) name.y = Math.max(name.y, above.y + 16 * ratio);
  });
  let floor = u.bbox.top + u.bbox.height;
  for (const name of names.toReversed()) {
    if (name.y > floor) [name.y, floor] = [floor, floor - 16 * ratio];
  }
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${paint.family}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.setLineDash([]);
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = paint.surface;
  for (const name of names) {
    ctx.fillStyle = name.colour;
    ctx.strokeText(name.text, name.x, name.y); // a curve behind it must not cross it out
    ctx.fillText(name.text, name.x, name.y);
  }
  ctx.restore();
}

// drawWarning writes the warning above the curves.
function drawWarning(u, model, paint) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${paint.family}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.fillStyle = paint.alert;
  ctx.fillText(model.warning, 10 * ratio, 6 * ratio);
  ctx.restore();
}
