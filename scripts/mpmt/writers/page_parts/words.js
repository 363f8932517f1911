// Numbers in words: mpmt.answers.words once more, letter by letter. A test holds them against each other.

function fixed(value, digits) {
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}${digits ? `.${'0'.repeat(digits)}` : ''}`;  // toFixed would write an exponent
}

function significant(value, digits = 3) {
  if (value === 0) return '0';
  const whole = Number(Math.abs(value).toExponential().split('e')[1]);
  const text = fixed(value, Math.max(0, digits - 1 - whole));
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

const factor = (value) => `${fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0)}x`;

const ratio = (value) => fixed(value, value >= 0.1 && value < 10 ? 2 : value >= 10 && value < 100 ? 1 : value >= 100 ? 0 : 3);

const percent = (share) => `${significant(100 * share, share > 0.99 && share < 1 ? 4 : 2)} %`;

function inLargest(value, units, smallest) {
  for (const [size, unit] of units) if (value >= size) return `${significant(value / size)} ${unit}`;
  return `${significant(value)} ${smallest}`;
}

const duration = (ns) => inLargest(ns, [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']], 'ns');

const size = (count) => inLargest(count, [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']], 'B');

function inUnit(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === 'ns') return duration(value);
  if (unit === 'bytes') return size(value);
  if (unit === 'bytes/s') return `${size(value)}/s`;
  if (unit === 'share') return percent(value);
  return unit === 'ratio' ? ratio(value) : significant(value);
}
