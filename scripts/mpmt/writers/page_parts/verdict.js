// What measured rows say of a reader's case: mpmt.answers.verdict once more, sentence by sentence. A test holds them against
// each other. Rows have the fields of mpmt.answers.rows.Row; a case those of verdict.Selection.

const kBest = 'best of either side';
const kEqual = 1e-9;

const kScales = [
  { ofRow: (row) => row.task_ns, ofCase: (wanted) => wanted.task_ns, place: Math.log },
  { ofRow: (row) => row.payload_bytes, ofCase: (wanted) => wanted.payload_bytes, place: Math.log1p },
  { ofRow: (row) => row.workers, ofCase: (wanted) => wanted.workers, place: Math.log },
];

const channelOf = (row) => (row.table === 'deployed' ? kBest : row.channel ?? '');

function answer(rows, wanted) {
  const missing = (sentence, basedOn = []) => ({ kind: 'missing', sentence, basedOn, verdict: null });
  const fitting = rows.filter((row) => row.workload === wanted.workload && row.placement === wanted.placement &&
    channelOf(row) === wanted.channel && kScales.every((scale) => scale.ofRow(row) !== null));
  if (!fitting.length) {
    return missing(`Not measured: ${wanted.workload} over ${wanted.channel}, placement ${wanted.placement}.`);
  }
  const ends = kScales.map((scale) => around(distinct(fitting.map(scale.ofRow)).sort((a, b) => a - b), scale.ofCase(wanted)));
  const nearest = nearestOf(fitting, wanted);
  if (ends.some((pair) => !pair.length)) {
    return missing(`Not measured, and beyond all that was: ${inWords(wanted)}. Nearest: ${sentenceOf(nearest)}`, [nearest]);
  }
  const places = product(ends.map(distinct));
  const corners = places.flatMap((place) => fitting.filter((row) => isAt(row, place)));
  if (corners.length === 1 && places.length === 1) {
    const [row] = corners;
    return { kind: 'measured', sentence: sentenceOf(row), basedOn: [row], verdict: row.verdict };
  }
  if (corners.length < places.length) {
    return missing(`Not measured: ${inWords(wanted)}; nor are all of its neighbours. Nearest: ${sentenceOf(nearest)}`, [nearest]);
  }
  if (corners.some((row) => [row.ratio, row.low, row.high].includes(null)) || distinct(corners.map((row) => row.verdict)).length > 1) {
    return missing(`Not measured: ${inWords(wanted)}; its measured neighbours do not agree. Nearest: ${sentenceOf(nearest)}`, corners);
  }
  return interpolated(corners, ends, wanted);
}

const distinct = (values) => [...new Set(values)];

const product = (lists) => lists.reduce((made, list) => made.flatMap((head) => list.map((value) => [...head, value])), [[]]);

// The measured value that it is, twice, or the two that it lies between; nothing where it lies beyond all.
function around(values, wanted) {
  for (const value of values) if (Math.abs(value - wanted) <= kEqual * Math.abs(value)) return [value, value];
  const below = values.filter((value) => value < wanted);
  const above = values.filter((value) => value > wanted);
  return below.length && above.length ? [below[below.length - 1], above[0]] : [];
}

function nearestOf(rows, wanted) {
  const away = (row) => kScales.reduce(
    (sum, scale) => sum + Math.abs(scale.place(scale.ofRow(row)) - scale.place(scale.ofCase(wanted))), 0);
  return rows.reduce((best, row) => (away(row) < away(best) ? row : best));
}

const isAt = (row, place) => kScales.every((scale, at) => scale.ofRow(row) === place[at]);

function interpolated(corners, ends, wanted) {
  let total = 0;
  for (const row of corners) {
    let weight = 1;
    kScales.forEach((scale, at) => {
      const [low, high] = ends[at];
      if (low === high) return;
      const share = (scale.place(scale.ofCase(wanted)) - scale.place(low)) / (scale.place(high) - scale.place(low));
      weight *= scale.ofRow(row) === high ? share : 1 - share;
    });
    total += weight * Math.log(row.ratio);
  }
  const seen = corners.map((row) => row.detectable);
  const weakest = { ...corners[0], detectable: seen.includes(null) ? null : Math.max(...seen) };
  const said = finding(weakest, corners[0].verdict, Math.exp(total), Math.min(...corners.map((row) => row.low)),
    Math.max(...corners.map((row) => row.high)));
  const sentence = `${said} for ${inWords(wanted)} (not measured: between ${corners.length} measured cases that agree).`;
  return { kind: 'between', sentence, basedOn: corners, verdict: corners[0].verdict };
}

// ---- words ----

const inWords = (wanted) => placeInWords(wanted.workload, wanted.task_ns, wanted.payload_bytes, wanted.workers);

function placeInWords(workload, taskNs, payloadBytes, workers) {
  const tasks = `${workload} tasks${taskNs === null ? '' : ` of ${duration(taskNs)}`}`;
  const data = payloadBytes ? ` with ${size(payloadBytes)}` : '';
  return tasks + data + (workers === null ? '' : ` on ${significant(workers)} worker${workers === 1 ? '' : 's'}`);
}

function sentenceOf(row) {
  const place = placeInWords(row.workload, row.task_ns, row.payload_bytes, row.workers);
  if (row.ratio === null || row.low === null || row.high === null) return `Too few rounds to say anything for ${place}.`;
  return `${finding(row, row.verdict, row.ratio, row.low, row.high)} for ${place}.`;
}

function finding(row, verdict, value, low, high) {
  const sure = percent(row.confidence);
  if (verdict === 'a') return `${capital(row.a)}: ${factor(value)} faster than ${row.b} (${sure}: ${ratio(low)}–${ratio(high)})`;
  if (verdict === 'b') {
    return `${capital(row.b)}: ${factor(1 / value)} faster than ${row.a} (${sure}: ${ratio(1 / high)}–${ratio(1 / low)})`;
  }
  const figures = `${row.b} ÷ ${row.a} ${ratio(value)}, ${sure}: ${ratio(low)}–${ratio(high)}`;
  if (verdict === 'same') return `The same within ${percent(row.margin)}, ${row.a} or ${row.b} (${figures})`;
  if (verdict === 'undecided') {
    const seen = row.detectable === null ? '' : `; a difference of ${percent(row.detectable)} would have been seen`;
    return `Undecided between ${row.a} and ${row.b} (${figures}${seen})`;
  }
  return `Unstable, so no winner between ${row.a} and ${row.b} (${figures})`;
}

// A program's name stays as it is.
function capital(side) {
  return { threads: 'Threads', processes: 'Processes' }[side] ?? side;
}
