// From a panel to ECharts' options. Lines and markers are ECharts' own; bands, whiskers, bars and cells are shapes at pixels that
// are computed here, where the place of every axis is known. Also what is at which pixel, for who points at it.

const kFont = '12px system-ui, sans-serif';
const kBelow = 9;  // pixels from the middle of a row to its marks, where its name stands above them
const kMany = 400;  // points of a series; above, markers would hide each other
const pen = document.createElement('canvas').getContext('2d');

function widthOf(text) {
  pen.font = kFont;
  return pen.measureText(text).width;
}

function cut(text, width) {
  if (widthOf(text) <= width) return text;
  let kept = [...text];
  while (kept.length > 1 && widthOf(`${kept.join('')}…`) > width) kept = kept.slice(0, Math.floor(kept.length * 0.9));
  return `${kept.join('')}…`;
}

// Bars lie, so that the names of their categories can be read: their axes are exchanged. Of names that stand below each other a
// panel has those only that it has points of; `rows`: their places, by those in the chart.
function axesOf(chart, panel) {
  const lies = chart.kind === 'bars' && Boolean(chart.x.values);
  const [x, y] = lies ? [chart.y, chart.x] : [chart.x, chart.y];
  if (!y.values || chart.kind === 'heat') return { lies, x, y };
  const used = distinct(panel.series.flatMap((series) => series.points.map((point) => point[lies ? 0 : 1]))).sort((a, b) => a - b);
  return { lies, x, y: { ...y, values: used.map((at) => y.values[at]) }, rows: new Map(used.map((at, row) => [at, row])) };
}

function placeOf(point, { lies, rows }) {
  const [first, second, low, high, value, marks, text] = point;
  const [x, y] = lies ? [second, first] : [first, second];
  return { x, y: rows?.get(y) ?? y, low, high, value, marks: marks ?? [], text: text ?? '' };
}

function heightOf(chart, panel, width) {
  const { y } = axesOf(chart, panel);
  if (!y.values) return Math.round(Math.min(340, Math.max(230, width * 0.62)));
  const narrow = labelsAbove(y, width) && chart.kind !== 'heat';
  const sides = chart.kind === 'bars' ? panel.series.length : 1;
  const rows = y.values.length * (chart.kind === 'heat' ? 34 : (narrow ? 36 : 24) + (sides - 1) * 10);
  return Math.max(40, rows) + 76 + (chart.kind === 'heat' ? 0 : Math.min(2, panel.lines.length) * 14);
}

const labelsAbove = (axis, width) => Math.max(...axis.values.map(widthOf)) > width * 0.45;

// What is drawn of a panel at a size: places, scales and the pixels of both.
function layOut(chart, panel, width, height) {
  const axes = axesOf(chart, panel);
  const points = panel.series.map((series) => series.points.map((point) => placeOf(point, axes)));
  const alongX = chart.kind === 'dots' || axes.lies;  // where the measured axis is, with the intervals
  const seen = { x: [], y: [] };
  for (const point of points.flat()) {
    seen.x.push(point.x);
    seen.y.push(point.y);
    for (const end of [point.low, point.high]) if (end !== null && end !== undefined) seen[alongX ? 'x' : 'y'].push(end);
  }
  for (const line of panel.lines) seen[alongX ? 'x' : 'y'].push(line.at, ...(line.until === null ? [] : [line.until]));
  const above = Boolean(axes.y.values) && chart.kind !== 'heat' && labelsAbove(axes.y, width);
  const top = axes.y.label ? 26 : 12;
  const room = { x: Math.max(2, Math.floor(width / (axes.x.unit === 'count' || axes.x.unit === 'ratio' ? 45 : 75))), y: Math.max(3, Math.floor(height / 48)) };
  const fromZero = chart.kind === 'bars';
  const y = scaleOf(axes.y, seen.y, { room: room.y, fromZero: fromZero && !alongX });
  const x = scaleOf(axes.x, seen.x, { room: room.x, fromZero: fromZero && alongX });
  const labels = above ? 0 : Math.min(width * 0.45, Math.max(0, ...y.ticks.map((tick) => widthOf(tick.text))));
  const box = { left: Math.ceil(labels) + 12, right: 18, top: top + (alongX ? Math.min(2, panel.lines.length) * 14 : 0), bottom: axes.x.label ? 46 : 28 };
  const inner = { width: Math.max(40, width - box.left - box.right), height: Math.max(40, height - box.top - box.bottom) };
  const down = Boolean(axes.y.values) && chart.kind !== 'heat';  // names from the top; of a heat map the scale grows upwards
  const pixelX = (value) => box.left + (x.place(value) - x.min) / (x.max - x.min) * inner.width;
  const shareY = (value) => (y.place(value) - y.min) / (y.max - y.min);
  const pixelY = (value) => box.top + (down ? shareY(value) : 1 - shareY(value)) * inner.height;
  return { chart, panel, axes, points, alongX, above, x, y, box, inner, down, pixelX, pixelY, width, height, labels };
}

// Series that share a row of names lie beside each other.
function shiftsOf(laid) {
  const { chart, points, axes } = laid;
  if (!axes.y.values || chart.kind === 'heat') return points.map(() => 0);
  const rows = points.map((list) => new Set(list.map((point) => point.y)));
  const shared = rows.some((set, at) => rows.some((other, index) => index < at && [...other].some((row) => set.has(row))));
  if (!shared) return points.map(() => (laid.above ? kBelow : 0));
  const step = Math.min(chart.kind === 'bars' ? 12 : 8, laid.inner.height / axes.y.values.length * (laid.above ? 0.55 : 0.8) / points.length);
  return points.map((_, at) => (at - (points.length - 1) / 2) * step + (laid.above ? kBelow : 0));
}

function optionOf(laid, palette, hidden) {
  const shifts = shiftsOf(laid);
  const shown = laid.panel.series.map((series, at) => ({ series, at, points: laid.points[at], shift: shifts[at] })).filter(({ series }) => !hidden.has(keyOf(series)));
  const series = [...linesOf(laid, palette)];
  for (const one of shown) {
    if (laid.chart.kind === 'heat') series.push(...cellsOf(laid, one, palette));
    else if (laid.chart.kind === 'bars') series.push(...barsOf(laid, one, palette, shown.length));
    else series.push(...intervalsOf(laid, one, palette), ...pointsOf(laid, one, palette));
  }
  return {
    animation: false, textStyle: { fontFamily: 'system-ui, sans-serif' }, series,
    grid: { ...laid.box, containLabel: false, outerBoundsMode: 'none' }, xAxis: axisOption(laid, 'x', palette), yAxis: axisOption(laid, 'y', palette),
  };
}

function axisOption(laid, which, palette) {
  const scale = laid[which];
  const along = which === 'x';
  const texts = new Map(scale.ticks.map((tick) => [Number(tick.at.toFixed(9)), tick.text]));
  const values = along && !scale.category ? apart(scale, laid.inner.width) : scale.ticks.map((tick) => tick.at);
  const room = along ? laid.inner.width / (scale.category ? values.length : 1.5) - 6 : laid.labels + 2;
  const inside = !along && laid.above;
  return {
    type: 'value', z: inside ? 4 : 0, min: scale.min, max: scale.max, inverse: !along && laid.down,
    name: laid.axes[which].label, nameLocation: along ? 'middle' : laid.down ? 'start' : 'end', nameGap: along ? 28 : 10,
    nameTextStyle: { color: palette.dim, fontSize: 12, align: along ? 'center' : 'left', padding: along ? 0 : [0, 0, 0, 4 - laid.box.left] },
    axisLine: { show: along, onZero: false, lineStyle: { color: palette.dim } },
    axisTick: { show: along && !scale.category, customValues: values, lineStyle: { color: palette.dim } },
    axisLabel: {
      customValues: values, color: palette.text, fontSize: 12, inside, margin: 6, hideOverlap: false,
      formatter: (value) => cut(texts.get(Number(value.toFixed(9))) ?? '', inside ? laid.inner.width : room),
      ...(inside ? { padding: [1, 3, 1, 3], verticalAlign: 'bottom', backgroundColor: palette.surface } : {}),
    },
    splitLine: { show: laid.chart.kind !== 'heat' && !(scale.category && (along || laid.above)), lineStyle: { color: palette.line, width: 1 } },
  };
}

// The ticks, or every second, third, … of them, so that their words do not touch; 1, which is "equal", stays.
function apart(scale, width) {
  const ticks = scale.ticks.filter(({ at }) => at >= scale.min && at <= scale.max);
  const pixel = ({ at }) => (at - scale.min) / (scale.max - scale.min) * width;
  const touch = (a, b) => pixel(b) - pixel(a) < (widthOf(a.text) + widthOf(b.text)) / 2 + 8;
  const first = Math.max(0, ticks.findIndex(({ text }) => text === '1'));
  for (let every = 1; every < ticks.length; every += 1) {
    const kept = ticks.filter((_, at) => (at - first) % every === 0);
    if (!kept.some((tick, at) => at > 0 && touch(kept[at - 1], tick))) return kept.map(({ at }) => at);
  }
  return ticks.slice(first, first + 1).map(({ at }) => at);
}

// A shape, or several, at pixels.
function shapeSeries(children, z) {
  return children.length ? [{ type: 'custom', coordinateSystem: 'none', silent: true, z, data: [0], renderItem: () => ({ type: 'group', children }) }] : [];
}

const stroke = (pathData, colour, more) => ({ type: 'path', shape: { pathData }, style: { fill: 'none', stroke: colour, ...more } });

// A value across the panel, or a band from it to another.
function linesOf(laid, palette) {
  const { panel, alongX, pixelX, pixelY, box, inner } = laid;
  const children = [];
  const labels = [];
  for (const line of panel.lines) {
    const [from, to] = [line.at, line.until ?? line.at].map(alongX ? pixelX : pixelY).sort((a, b) => a - b);
    if (line.until === null) {
      const path = alongX ? `M${from} ${box.top}V${box.top + inner.height}` : `M${box.left} ${from}H${box.left + inner.width}`;
      children.push(stroke(path, palette.dim, { lineDash: [5, 3], lineWidth: 1.2 }));
    } else {
      const shape = alongX ? { x: from, y: box.top, width: to - from, height: inner.height } : { x: box.left, y: from, width: inner.width, height: to - from };
      children.push({ type: 'rect', shape, style: { fill: palette.dim, opacity: 0.14 } });
    }
    children.push(...labelOf(laid, line.label, (from + to) / 2, labels, palette));
  }
  return shapeSeries(children, 1);
}

// Beside its line, in one of two places, where it lies on no other; else nowhere: the table has it.
function labelOf({ alongX, box, inner }, label, at, labels, palette) {
  const text = cut(label, inner.width * 0.6);
  const half = widthOf(text) / 2;
  const end = box.left + inner.width;
  const places = alongX ? [8, 22].map((up) => ({ x: Math.min(end - half, Math.max(box.left + half, at)), y: box.top - up })) :
    [-8, 9].map((down) => ({ x: end - half - 2, y: at + down }));
  const place = places.find(({ x, y }) => labels.every((other) => Math.abs(other.y - y) >= 13 || Math.abs(other.x - x) >= other.half + half + 6));
  if (!place || !text) return [];
  labels.push({ ...place, half });
  return [{ type: 'text', style: { ...place, text, fill: palette.dim, font: kFont, align: 'center', verticalAlign: 'middle' } }];
}

const hasInterval = (point) => point.low !== null && point.low !== undefined && point.high !== null && point.high !== undefined;

function intervalsOf(laid, { series, points, shift }, palette) {
  const colour = colourOf(series, palette);
  const held = points.filter(hasInterval);
  if (!held.length) return [];
  if (series.band && held.length > 1) {
    const sorted = [...held].sort((a, b) => a.x - b.x);
    const edge = (list, end) => list.map((point) => `${laid.pixelX(point.x)} ${laid.pixelY(point[end])}`).join('L');
    const pathData = `M${edge(sorted, 'high')}L${edge([...sorted].reverse(), 'low')}Z`;
    return shapeSeries([{ type: 'path', shape: { pathData }, style: { fill: colour, opacity: 0.18 } }], 2);
  }
  const cap = held.length > kMany ? 0 : 3;
  const pathData = held.map((point) => whisker(laid, point, shift, cap)).join('');
  return shapeSeries([stroke(pathData, colour, { lineWidth: held.length > kMany ? 0.7 : 1.5, opacity: 0.85 })], 2);
}

function whisker(laid, point, shift, cap) {
  if (laid.alongX) {
    const [y, low, high] = [laid.pixelY(point.y) + shift, laid.pixelX(point.low), laid.pixelX(point.high)];
    return `M${low} ${y}H${high}${cap ? `M${low} ${y - cap}V${y + cap}M${high} ${y - cap}V${y + cap}` : ''}`;
  }
  const [x, low, high] = [laid.pixelX(point.x), laid.pixelY(point.low), laid.pixelY(point.high)];
  return `M${x} ${low}V${high}${cap ? `M${x - cap} ${low}H${x + cap}M${x - cap} ${high}H${x + cap}` : ''}`;
}

function pointsOf(laid, { series, points, shift }, palette) {
  const colour = colourOf(series, palette);
  const many = points.length > kMany;
  const size = many ? 3 : 9;
  const data = points.map((point) => {
    const value = [laid.x.place(point.x), laid.y.place(point.y)];
    if (!point.marks.length) return value;
    const form = formOf(point.marks, colour, palette);
    return { value, symbolSize: size * form.scale, itemStyle: form.style };
  });
  const joined = series.line && points.length > 1;
  return [{
    type: joined ? 'line' : 'scatter', z: 3, silent: true, data, symbol: many ? 'circle' : `path://${markerOf(series)}`, symbolSize: size, symbolOffset: [0, shift],
    symbolKeepAspect: true, showSymbol: series.side !== 'ideal' && !many, showAllSymbol: true, clip: false,
    itemStyle: { color: colour, opacity: series.line || !many ? 1 : 0.7 },
    lineStyle: { color: colour, width: series.side === 'ideal' ? 1.5 : 2, type: dashOf(series) ?? 'solid' }, emphasis: { disabled: true },
  }];
}

function barsOf(laid, { series, points, shift }, palette, many) {
  const colour = colourOf(series, palette);
  const children = points.map((point) => {
    const form = formOf(point.marks, colour, palette);
    const style = { fill: form.style.color, stroke: form.style.borderColor, lineWidth: form.style.borderWidth, opacity: form.style.opacity };
    if (!laid.alongX) {
      const step = Math.max(2, Math.min(28, laid.inner.width / Math.max(1, points.length) * 0.7 / many));
      const y = laid.pixelY(point.y);
      return { type: 'rect', shape: { x: laid.pixelX(point.x) - step / 2, y, width: step, height: laid.box.top + laid.inner.height - y }, style };
    }
    const thick = many > 1 ? 10 : 14;
    return { type: 'rect', shape: { x: laid.box.left, y: laid.pixelY(point.y) + shift - thick / 2, width: Math.max(1, laid.pixelX(point.x) - laid.box.left), height: thick }, style };
  });
  const held = points.filter(hasInterval);
  const ends = held.length ? [stroke(held.map((point) => whisker(laid, point, shift, 3)).join(''), palette.text, { lineWidth: 1.2 })] : [];
  return shapeSeries([...children, ...ends], 3);
}

// 1 is neutral: above, threads are faster, below, processes. What is no ratio goes from pale to strong.
function cellColour(chart, palette) {
  const values = chart.panels.flatMap((panel) => panel.series.flatMap((series) => series.points.map((point) => point[4]))).filter((value) => value > 0);
  if (chart.value.unit === 'ratio') {
    const reach = Math.max(Math.log(1.25), ...[least(values), most(values)].filter(Number.isFinite).map((value) => Math.abs(Math.log(value))));
    const shareOf = (value) => Math.min(1, Math.abs(Math.log(value)) / reach) ** 0.8;
    const colour = (value) => mixed(mixed(palette.surface, palette.line, 0.5), value >= 1 ? palette.threads : palette.processes, shareOf(value));
    return { colour, key: [Math.exp(-reach), Math.exp(-reach / 2), 1, Math.exp(reach / 2), Math.exp(reach)] };
  }
  const place = (value) => (chart.value.log ? Math.log(value) : value);
  const [low, high] = [place(least(values)), place(most(values))];
  const colour = (value) => mixed(mixed(palette.surface, palette.line, 0.5), palette.programs[0], high > low ? 0.05 + 0.85 * (place(value) - low) / (high - low) : 0.3);
  return { colour, key: distinct([least(values), most(values)].filter(Number.isFinite)) };
}

function cellsOf(laid, { points }, palette) {
  const { colour } = cellColour(laid.chart, palette);
  const width = laid.inner.width / laid.axes.x.values.length;
  const height = laid.inner.height / laid.axes.y.values.length;
  const held = points.filter((point) => point.value > 0);
  return shapeSeries(held.flatMap((point) => {
    const fill = colour(point.value);
    const [x, y] = [laid.pixelX(point.x), laid.pixelY(point.y)];
    const marked = point.marks.length > 0;
    const text = cut(point.text || inUnit(point.value, laid.chart.value.unit), width - 4);
    return [
      { type: 'rect', shape: { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 },
        style: { fill, stroke: marked ? palette.text : fill, lineWidth: 1, lineDash: marked ? [3, 2] : null } },
      { type: 'text', style: { x, y, text, fill: readableOn(fill), font: kFont, align: 'center', verticalAlign: 'middle' } },
    ];
  }), 2);
}

// Every point with its pixel and its words.
function hitsOf(laid, hidden) {
  const shifts = shiftsOf(laid);
  return laid.panel.series.flatMap((series, at) => (hidden.has(keyOf(series)) ? [] : laid.points[at].map((point) => ({
    x: laid.pixelX(point.x), y: laid.pixelY(point.y) + shifts[at], series, point,
  }))));
}

function wordsOf(laid, { series, point }) {
  const { axes, x, y, chart } = laid;
  const measured = laid.alongX ? x : y;
  const lines = [series.name, `${axes.x.label || 'value'}: ${x.words(point.x)}`, `${axes.y.label || 'of'}: ${y.words(point.y)}`];
  if (point.value !== null && point.value !== undefined) lines.push(`${chart.value.label || chart.title}: ${inUnit(point.value, chart.value.unit)}`);
  if (hasInterval(point)) {
    const unit = chart.kind === 'heat' ? (end) => inUnit(end, chart.value.unit) : measured.words;
    lines.push(`from ${unit(point.low)} to ${unit(point.high)}`);
  }
  if (point.text && chart.kind !== 'heat') lines.push(point.text);
  return [...lines, ...point.marks.map((mark) => (mark === 'oversubscribed' ? 'oversubscribed: more workers than CPUs' : mark))];
}
