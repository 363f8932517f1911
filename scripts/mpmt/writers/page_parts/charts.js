// Charts on the page: drawn when they come near the screen, again when size or theme change, all of them before printing.

const kPrintWidth = 330;
const drawn = new Map();  // figure -> { chart, panel, box, hidden, engine, laid, at }
const tip = document.getElementById('page.tip');
let printing = false;

const paletteNow = () => kPalettes[printing ? 'light' : themeNow()];

function startCharts() {
  for (const chart of data.charts) {
    for (const panel of chart.panels) {
      tellApart(panel);
      const figure = document.getElementById(panel.id);
      const box = figure.querySelector('.chart');
      figure.classList.add('drawable');
      drawn.set(figure, { chart, panel, figure, box, hidden: new Set(), engine: null, laid: null, at: -1 });
      box.addEventListener('pointermove', (event) => pointAt(drawn.get(figure), event));
      box.addEventListener('pointerleave', () => { tip.hidden = true; });
      box.addEventListener('keydown', (event) => stepThrough(drawn.get(figure), event));
      box.addEventListener('blur', () => { tip.hidden = true; });
    }
  }
  // All are measured before any is changed: else each would be laid out anew.
  const heights = [...drawn.values()].map(({ chart, panel, box }) => heightOf(chart, panel, box.clientWidth));
  [...drawn.values()].forEach(({ box }, at) => { box.style.height = `${heights[at]}px`; });
  const seen = [...drawn.values()].filter(({ figure }) => {
    const { top, bottom } = figure.getBoundingClientRect();
    return top < window.innerHeight && bottom > 0;
  });
  for (const one of seen) draw(one);
  const near = new IntersectionObserver(drawThose, { rootMargin: '300px' });
  for (const one of drawn.values()) if (!one.engine) near.observe(one.figure);
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) redraw(drawn.get(target.closest('figure')));
  });
  for (const { box } of drawn.values()) sizes.observe(box);
  window.addEventListener('beforeprint', () => print(true));
  window.addEventListener('afterprint', () => print(false));
}

function drawThose(entries, observer) {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    draw(drawn.get(target));
  }
}

function draw(one) {
  const width = printing ? kPrintWidth : one.box.clientWidth;
  if (width < 40) return;
  const height = heightOf(one.chart, one.panel, width);
  one.box.style.height = `${height}px`;
  if (!one.engine) {
    one.box.replaceChildren(document.createElement('div'));
    one.engine = echarts.init(one.box.firstChild, null, { renderer: 'canvas', width, height, devicePixelRatio: Math.max(2, window.devicePixelRatio) });
  }
  one.laid = layOut(one.chart, one.panel, width, height);
  one.width = width;
  one.engine.resize({ width, height, silent: true });
  one.engine.setOption(optionOf(one.laid, paletteNow(), one.hidden), { notMerge: true, lazyUpdate: false });
  one.engine.getZr().flush();
  explain(one);
}

function redraw(one) {
  if (one.engine && !printing && one.box.clientWidth !== one.width) draw(one);
}

function redrawAll() {
  for (const one of drawn.values()) if (one.engine) draw(one);
}

function print(begins) {
  printing = begins;
  for (const one of drawn.values()) if (begins || one.engine) draw(one);
}

// ---- what stands below a chart: who is who, what a form means ----

function explain(one) {
  const palette = paletteNow();
  const items = one.chart.kind === 'heat' ? heatKey(one.chart, palette) : legendOf(one, palette);
  const marks = distinct(one.panel.series.flatMap((series) => series.points.flatMap((point) => point[5] ?? [])));
  for (const mark of marks) items.push(item(one.chart.kind === 'heat' ? `dashed: ${mark}` : kMarkWords[mark] ?? mark));
  one.figure.querySelector('.legend').replaceChildren(...items);
}

function item(text, ...before) {
  const made = document.createElement('li');
  made.append(...before, text);
  return made;
}

function svg(width, height, markup) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true', fill: 'none' })) {
    made.setAttribute(name, value);
  }
  made.innerHTML = markup;
  return made;
}

// Rows that have their series' name beside them need no legend.
function namesItself({ chart, panel }) {
  const { values } = chart.y;
  return chart.kind === 'dots' && panel.series.every((series) => series.points.every((point) => values?.[point[1]] === series.name));
}

function legendOf(one, palette) {
  if (namesItself(one) || (one.chart.kind === 'bars' && one.panel.series.length === 1)) return [];
  return one.panel.series.map((series, at) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', String(!one.hidden.has(at)));
    button.title = 'show or hide';
    button.append(svg(30, 12, one.chart.kind === 'bars' ? `<rect x="8" width="12" height="12" fill="${colourOf(series, palette)}"/>` : swatch(series, palette)), series.name);
    button.addEventListener('click', () => toggle(one, at));
    const made = document.createElement('li');
    made.append(button);
    return made;
  });
}

function toggle(one, at) {
  if (!one.hidden.delete(at)) one.hidden.add(at);
  draw(one);
  one.figure.querySelectorAll('.legend button')[at].focus();
}

function heatKey(chart, palette) {
  const { colour, key } = cellColour(chart, palette);
  return key.map((value) => item(inUnit(value, chart.value.unit), svg(14, 12, `<rect width="12" height="12" fill="${colour(value)}"/>`)));
}

// ---- what a point says, to who points at it or steps through them ----

function pointAt(one, event) {
  if (!one?.laid) return;
  const rect = one.box.getBoundingClientRect();
  const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
  const reach = one.chart.kind === 'heat' ? 60 : 24;
  let [best, found] = [reach * reach, null];
  for (const hit of hitsOf(one.laid, one.hidden)) {
    const away = (hit.x - x) ** 2 + (hit.y - y) ** 2;
    if (away < best) [best, found] = [away, hit];
  }
  say(one, found);
}

function say(one, hit) {
  tip.hidden = !hit;
  if (!hit) return;
  tip.textContent = wordsOf(one.laid, hit).join('\n');
  const rect = one.box.getBoundingClientRect();
  const [x, y] = [rect.left + hit.x, rect.top + hit.y];
  const { offsetWidth: width, offsetHeight: height } = tip;
  tip.style.left = `${Math.max(4, Math.min(document.documentElement.clientWidth - width - 4, x + 12))}px`;
  tip.style.top = `${y - height - 12 > 0 ? y - height - 12 : y + 14}px`;
}

function stepThrough(one, event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape') tip.hidden = true;
  if (!step || !one.laid) return;
  event.preventDefault();
  const hits = hitsOf(one.laid, one.hidden);
  if (!hits.length) return;
  one.at = (one.at + step + hits.length) % hits.length;
  say(one, hits[one.at]);
}
