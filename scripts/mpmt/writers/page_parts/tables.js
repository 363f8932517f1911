// Columns that sort: as numbers where they are numbers.

function startTables() {
  for (const head of document.querySelectorAll('table.sorts thead th')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.addEventListener('click', () => sortBy(head));
    head.replaceChildren(button);
  }
}

function sortBy(head) {
  const up = head.getAttribute('aria-sort') !== 'ascending';
  for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const body = head.closest('table').tBodies[0];
  const at = head.cellIndex;
  const keyed = [...body.rows].map((row) => [row.cells[at].dataset.v, row.cells[at].textContent, row]);
  keyed.sort(([a, aText, ], [b, bText, ]) => {
    // What there is none of stays at the end, either way.
    if ((a === undefined) !== (b === undefined)) return a === undefined ? 1 : -1;
    const order = a === undefined ? aText.localeCompare(bText, 'en', { numeric: true }) : Number(a) - Number(b);
    return up ? order : -order;
  });
  body.append(...keyed.map(([, , row]) => row));
}
