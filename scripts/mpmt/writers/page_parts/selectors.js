// The reader's case: selectors whose choices are what was measured, and the sentence for what is selected.

const kTimes = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const kSizes = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const field = (name) => document.getElementById(`case.${name}`);

// Numbers, each as it is typed and as it is compared. NaN: it is not one.
const kNumbers = {
  task: {
    of: (row) => row.task_ns, words: duration, fault: 'a time with its unit is needed, such as 50us or 1.5ms',
    typed: (value) => duration(value).replace(' ', '').replace('µ', 'u'),
    read(text) {
      const found = /^([0-9]*\.?[0-9]+)\s*(ns|[uµμ]s|ms|s)$/.exec(text.trim());
      return found && Number(found[1]) > 0 ? Number(found[1]) * kTimes[found[2].replace(/[µμ]/, 'u')] : NaN;
    },
  },
  payload: {
    of: (row) => row.payload_bytes, words: size, fault: 'a number of bytes is needed, such as 64, 2Ki or 1Mi',
    typed: (value) => size(value).replace(' ', '').replace('B', ''),
    read(text) {
      const found = /^([0-9]*\.?[0-9]+)\s*(?:([kmg])i?)?b?$/i.exec(text.trim());
      return found ? Number(found[1]) * kSizes[(found[2] ?? '').toLowerCase()] : NaN;
    },
  },
  workers: {
    of: (row) => row.workers, words: significant, fault: 'a number of workers is needed, such as 2',
    typed: (value) => significant(value),
    read: (text) => (/^[0-9]+$/.test(text.trim()) && Number(text) > 0 ? Number(text) : NaN),
  },
};

const sidesOf = (row) => `${row.table === 'programs' ? 'programs: ' : ''}${row.a} or ${row.b}`;

function startSelectors() {
  if (!data.rows.length) return;
  for (const name of ['record', 'sides', 'workload', 'placement', 'channel']) {
    field(name).addEventListener('change', () => choose(name === 'record' || name === 'sides' || name === 'workload'));
  }
  for (const name of Object.keys(kNumbers)) field(name).addEventListener('input', () => choose(false));
  document.getElementById('case.form').addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('case.form').hidden = false;
  selectByAddress();
}

// The selectors as the address has them; what it does not say is as it was, or the first that was measured.
function selectByAddress() {
  if (!data.rows.length) return;
  const said = Object.fromEntries(['record', 'sides', 'workload', 'placement', 'channel', ...Object.keys(kNumbers)].map(
    (name) => [name, address.values.get(name) ?? field(name).value]));
  offer(said);
  for (const name of Object.keys(kNumbers)) if (address.values.has(name)) field(name).value = said[name];
  tell();
}

function choose(another) {
  const said = Object.fromEntries(['record', 'sides', 'workload', 'placement', 'channel'].map((name) => [name, field(name).value]));
  if (another) offer(said);
  writeCase();
  tell();
}

// Fills every selector with what there is for the choices before it, and keeps what is chosen where that is among them.
function offer(said) {
  fill('record', data.subjects.map((title, at) => [String(at), title]).filter(
    ([at]) => data.rows.some((row) => row.subject === Number(at))), said.record);
  let rows = data.rows.filter((row) => String(row.subject) === field('record').value);
  fill('sides', pairs(distinct(rows.map(sidesOf))), said.sides);
  rows = rows.filter((row) => sidesOf(row) === field('sides').value);
  fill('workload', pairs(distinct(rows.map((row) => row.workload))), said.workload);
  rows = rows.filter((row) => row.workload === field('workload').value);
  fill('placement', pairs(distinct(rows.map((row) => row.placement).filter((name) => name !== null))), said.placement);
  fill('channel', pairs(distinct(rows.map(channelOf)).sort((a, b) => (b === kBest) - (a === kBest))), said.channel);
  offerNumbers(rows);
}

const pairs = (names) => names.map((name) => [name, name]);

function fill(name, choices, chosen) {
  field(name).replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
  field(name).value = choices.some(([value]) => value === chosen) ? chosen : choices[0]?.[0] ?? '';
  field(name).closest('label').hidden = choices.length < 2 && ['record', 'sides'].includes(name);
}

// Numbers that were typed stay. Those that were measured, of another workload, become those of the measured case that is nearest,
// among them that have the names which are chosen, if there are any.
function offerNumbers(rows) {
  const named = rows.filter((row) => row.placement === field('placement').value && channelOf(row) === field('channel').value);
  const whole = (named.length ? named : rows).filter((row) => Object.values(kNumbers).every((number) => number.of(row) !== null));
  const before = {};
  for (const [name, number] of Object.entries(kNumbers)) {
    const typed = number.read(field(name).value);
    const known = field(`${name}.values`).dataset.measured?.split(' ').map(Number) ?? [];
    before[name] = { typed, replace: !field(name).value || (Number.isFinite(typed) && known.some((value) => number.words(value) === number.words(typed))) };
    const values = measured(number, rows);
    field(`${name}.values`).dataset.measured = values.join(' ');
    field(`${name}.values`).replaceChildren(...values.map((value) => new Option('', number.typed(value))));
  }
  const away = (row) => Object.entries(kNumbers).reduce((sum, [name, number]) =>
    sum + (!Number.isFinite(before[name].typed) ? 0 : Math.abs(Math.log1p(number.of(row)) - Math.log1p(before[name].typed))), 0);
  const nearest = whole.reduce((best, row) => (best && away(best) <= away(row) ? best : row), null);
  for (const [name, number] of Object.entries(kNumbers)) {
    if (nearest && before[name].replace) field(name).value = number.typed(number.of(nearest));
  }
}

const measured = (number, rows) => distinct(rows.map(number.of).filter((value) => value !== null)).sort((a, b) => a - b);

function writeCase() {
  const names = ['workload', 'task', 'payload', 'workers', 'placement', 'channel'];
  const several = ['record', 'sides'].filter((name) => field(name).options.length > 1);
  writeAddress(Object.fromEntries([...several, ...names].map((name) => [name, field(name).value])));
}

// The case of the form, and what is wrong with it: a measured value is meant by what reads like it in words.
function caseOf(rows) {
  const faults = [];
  const wanted = { workload: field('workload').value, placement: field('placement').value, channel: field('channel').value };
  for (const [name, number] of Object.entries(kNumbers)) {
    const typed = number.read(field(name).value);
    if (!Number.isFinite(typed)) {
      faults.push([name, number.fault]);
      continue;
    }
    const values = measured(number, rows.filter((row) => row.workload === wanted.workload));
    wanted[{ task: 'task_ns', payload: 'payload_bytes', workers: 'workers' }[name]] = values.includes(typed) ? typed :
      values.find((value) => number.words(value) === number.words(typed)) ?? typed;
  }
  return { wanted, faults };
}

function tell() {
  const of = (subject) => data.rows.filter((row) => row.subject === subject && sidesOf(row) === field('sides').value);
  const chosen = Number(field('record').value);
  const { wanted, faults } = caseOf(of(chosen));
  for (const name of Object.keys(kNumbers)) {
    field(name).toggleAttribute('aria-invalid', false);
    if (faults.some(([at]) => at === name)) field(name).setAttribute('aria-invalid', 'true');
  }
  const said = faults.length ? { kind: 'missing', sentence: `${faults.map(([name, fault]) => `${name}: ${fault}`).join('; ')}.`, basedOn: [] } :
    answer(of(chosen), wanted);
  const output = document.getElementById('case.sentence');
  output.textContent = said.sentence;
  output.dataset.kind = said.kind;
  output.dataset.verdict = said.verdict ?? 'none';
  tellRows(said);
  const others = faults.length ? [] : distinct(data.rows.map((row) => row.subject)).filter((at) => at !== chosen);
  const told = others.map((at) => [at, answer(of(at), caseOf(of(at)).wanted)]);
  const lines = told.filter(([, one]) => one.kind !== 'missing').map(([at, one]) => `${data.subjects[at]}: ${one.sentence}`);
  const silent = told.length - lines.length;
  if (silent) lines.push(`${silent} other ${silent === 1 ? 'record has' : 'records have'} not measured it.`);
  document.getElementById('case.others').replaceChildren(...lines.map((line) => {
    const item = document.createElement('li');
    item.textContent = line;
    return item;
  }));
}

const kVerdicts = { same: () => 'same', undecided: () => 'undecided', unstable: () => 'unstable', a: (row) => row.a, b: (row) => row.b };

// The measured rows behind the sentence.
function tellRows({ kind, basedOn }) {
  document.getElementById('case.basis').hidden = !basedOn.length;
  document.getElementById('case.basis.title').textContent =
    kind === 'missing' ? 'The nearest that was measured' : 'What it rests on';
  document.getElementById('case.basis').querySelector('tbody').replaceChildren(...basedOn.map((row) => {
    const line = document.createElement('tr');
    const interval = row.low === null ? '–' : `${ratio(row.low)}–${ratio(row.high)}`;
    for (const [at, text] of [duration(row.task_ns), size(row.payload_bytes), significant(row.workers), row.ratio === null ? '–' : ratio(row.ratio),
      interval, kVerdicts[row.verdict]?.(row) ?? row.verdict, String(row.rounds)].entries()) {
      const cell = line.insertCell();
      cell.textContent = text;
      if (at !== 5) cell.className = 'number';
    }
    line.title = row.reason;
    return line;
  }));
}
