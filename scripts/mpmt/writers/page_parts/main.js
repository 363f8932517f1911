// The page comes to life: after this, all that is here reacts to the address, and the address to the reader.

const data = JSON.parse(document.getElementById('page.data').textContent);
data.rows = data.rows.values.map((values) => Object.fromEntries(values.map((value, at) => [data.rows.columns[at], value])));

// ---- theme ----

const dark = window.matchMedia('(prefers-color-scheme: dark)');

function stored(value) {
  try {  // a browser may forbid it, for files above all
    if (value === undefined) return localStorage.getItem('mpmt-theme');
    localStorage.setItem('mpmt-theme', value);
  } catch { /* then the address alone has it */ }
  return null;
}

function chosenTheme() {
  const said = address.values.get('theme') ?? stored();
  return said === 'dark' || said === 'light' ? said : '';
}

const themeNow = () => document.documentElement.dataset.theme || (dark.matches ? 'dark' : 'light');

function showTheme() {
  const before = themeNow();
  const said = chosenTheme();
  if (said) document.documentElement.dataset.theme = said;
  else delete document.documentElement.dataset.theme;
  const button = document.getElementById('page.theme');
  button.textContent = themeNow() === 'dark' ? 'Light theme' : 'Dark theme';
  if (themeNow() !== before) redrawAll();
}

function startTheme() {
  const button = document.getElementById('page.theme');
  button.hidden = false;
  button.addEventListener('click', () => {
    const next = themeNow() === 'dark' ? 'light' : 'dark';
    stored(next);
    writeAddress({ theme: next });
    showTheme();
  });
  dark.addEventListener('change', () => {
    showTheme();
    redrawAll();
  });
}

// ---- what is open, where the reader is ----

const folds = () => [...document.querySelectorAll('details[id]')];

function startFolds() {
  for (const fold of folds()) {
    fold.addEventListener('toggle', () => writeAddress({ open: folds().filter((one) => one.open).map((one) => one.id).join(',') }));
  }
}

function showFolds() {
  const open = (address.values.get('open') ?? '').split(',');
  for (const fold of folds()) fold.open = open.includes(fold.id);
}

function showTarget() {
  for (const one of document.querySelectorAll('.target')) one.classList.remove('target');
  const target = address.target && document.getElementById(address.target);
  if (!target) return;
  if (drawn.has(target)) {
    draw(drawn.get(target));
    target.classList.add('target');
  }
  target.scrollIntoView();
}

function followAddress() {
  readAddress();
  showTheme();
  showFolds();
  selectByAddress();
  showTarget();
  writeAddress({});
}

readAddress();
showTheme();
document.documentElement.classList.add('script');
startTheme();
showFolds();
startFolds();
startTables();
startSelectors();
startCharts();
startCopying();
showTarget();
window.addEventListener('hashchange', followAddress);
document.documentElement.dataset.ready = '1';  // all that is on the screen is drawn
