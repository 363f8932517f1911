// A chart to take along: as SVG, as PNG, and its numbers as CSV; saved, or put on the clipboard where that is allowed.

const kExportWidth = 720;

function startCopying() {
  for (const one of drawn.values()) {
    const tools = one.figure.querySelector('.tools');
    const add = (text, label, act) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = text;
      button.setAttribute('aria-label', `${label}: ${one.panel.title}`);
      button.addEventListener('click', act);
      tools.append(button);
    };
    add('PNG', 'Save as PNG', () => pngOf(one).then((blob) => save(one, 'png', blob)));
    add('SVG', 'Save as SVG', () => save(one, 'svg', new Blob([svgOf(one)], { type: 'image/svg+xml' })));
    add('CSV', 'Save as CSV', () => save(one, 'csv', new Blob([csvOf(one)], { type: 'text/csv;charset=utf-8' })));
    if (navigator.clipboard && window.ClipboardItem) add('Copy', 'Copy as PNG', (event) => copy(one, event.currentTarget));
    const link = document.createElement('a');
    link.href = `#${encodeURI(one.panel.id)}`;
    link.textContent = 'Link';
    link.setAttribute('aria-label', `Link to ${one.panel.title}`);
    tools.append(link);
  }
}

function save(one, ending, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `mpmt-${one.panel.id.replace(/[^\w.-]+/g, '-')}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function copy(one, button) {
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': pngOf(one) })]);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

const escaped = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

// Light, with title and legend: it stands alone.
function svgOf(one) {
  const palette = kPalettes.light;
  const height = heightOf(one.chart, one.panel, kExportWidth);
  const engine = echarts.init(null, null, { renderer: 'svg', ssr: true, width: kExportWidth, height });
  engine.setOption(optionOf(layOut(one.chart, one.panel, kExportWidth, height), palette, one.chart.hidden));
  const inner = engine.renderToSVGString().replace(/^<svg/, '<svg y="HEAD"');
  engine.dispose();
  const text = (x, y, size, colour, words) => `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}">${escaped(words)}</text>`;
  let markup = text(12, 22, 15, palette.text, cut(`${one.chart.title}: ${one.panel.title}`, kExportWidth * 0.8)) + text(12, 40, 12, palette.dim, one.chart.reading);
  let [x, y] = [12, 58];
  const named = one.chart.kind === 'heat' || namesItself(one) ? [] : one.panel.series.filter((series) => !one.chart.hidden.has(keyOf(series)));
  for (const series of named) {
    const wide = widthOf(series.name) + 54;
    if (x > 12 && x + wide > kExportWidth) [x, y] = [12, y + 18];
    markup += `<g transform="translate(${x} ${y - 10})">${swatch(series, palette)}</g>${text(x + 36, y, 12, palette.text, series.name)}`;
    x += wide;
  }
  const head = y + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${kExportWidth}" height="${head + height}" viewBox="0 0 ${kExportWidth} ${head + height}" ` +
    `font-family="system-ui, sans-serif" fill="none"><rect width="100%" height="100%" fill="${palette.surface}"/>${markup}${inner.replace('HEAD', head)}</svg>`;
}

async function pngOf(one) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgOf(one))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth * 2, image.naturalHeight * 2];
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}

// A cell that a spreadsheet would take for a formula is made text.
function csvCell(value) {
  if (typeof value === 'number') return String(value);
  const text = String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

function csvOf({ chart, panel }) {
  const unit = (axis) => `${axis.label}${axis.unit && !axis.values ? ` [${axis.unit}]` : ''}`;
  const named = (axis, value) => (axis.values ? axis.values[value] : value);
  const lines = [['series', 'side', 'channel', unit(chart.x), unit(chart.y), 'low', 'high', `value${chart.kind === 'heat' ? ` [${chart.value.unit}]` : ''}`, 'marks', 'text']];
  for (const series of panel.series) {
    for (const [x, y, low, high, value, marks, text] of series.points) {
      lines.push([series.name, series.side, series.channel, named(chart.x, x), named(chart.y, y), low, high, value, (marks ?? []).join(' '), text]);
    }
  }
  return lines.map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}
