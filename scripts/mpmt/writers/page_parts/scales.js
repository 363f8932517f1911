// From values to places along an axis, and the ticks that a reader can read. Places are linear: logarithms are taken here.

const least = (values) => values.reduce((best, value) => (value < best ? value : best), Infinity);
const most = (values) => values.reduce((best, value) => (value > best ? value : best), -Infinity);

const tickWords = (value, unit) => (unit === 'ratio' ? significant(value, 4) : inUnit(value, unit));

// `values`: what has to be in view. `room`: how many ticks there is room for. `fromZero`: whether a linear one begins there.
function scaleOf(axis, values, { room, fromZero }) {
  if (axis.values) {
    const ticks = axis.values.map((text, at) => ({ at, text }));
    return { category: true, place: (value) => value, ticks, min: -0.5, max: axis.values.length - 0.5, words: (value) => axis.values[value] };
  }
  const words = (value) => inUnit(value, axis.unit);
  const finite = values.length ? values : [1];
  return axis.log && finite.some((value) => value > 0) ? logScale(axis, finite, room, words) :
    linearScale(axis, finite, room, words, fromZero);
}

function linearScale(axis, values, room, words, fromZero) {
  let [low, high] = [least(values), most(values)];
  if (fromZero && low > 0) low = 0;
  if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
  const padding = (high - low) * 0.06;
  const [min, max] = [low === 0 ? 0 : low - padding, high + padding];
  return { place: (value) => value, min, max, words, ticks: evenly(min, max, room, axis.unit).map((at) => ({ at, text: tickWords(at, axis.unit) })) };
}

function evenly(min, max, room, unit) {
  const binary = unit.startsWith('bytes');
  const rough = (max - min) / Math.max(1, room);
  const power = binary ? 2 ** Math.floor(Math.log2(rough)) : 10 ** Math.floor(Math.log10(rough));
  const step = power * (binary ? [1, 2] : [1, 2, 5, 10]).find((times) => power * times >= rough * 0.999);
  const ticks = [];
  for (let at = Math.ceil(min / step - 1e-9); at * step <= max * (1 + 1e-12) && ticks.length < 50; at += 1) ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}

function logScale(axis, values, room, words) {
  const positive = values.filter((value) => value > 0);
  let [low, high] = [least(positive), most(positive)];
  if (low === high) [low, high] = [low / 1.5, high * 1.5];
  // 0 has no logarithm: its place is a step before all others.
  const zero = values.some((value) => value <= 0);
  const zeroAt = Math.log10(low) - Math.max(0.3, (Math.log10(high) - Math.log10(low)) * 0.12);
  const place = (value) => (value > 0 ? Math.log10(value) : zeroAt);
  const padding = (Math.log10(high) - (zero ? zeroAt : Math.log10(low))) * 0.05;
  const ticks = logTicks(axis, low, high, room, positive).map((value) => ({ at: Math.log10(value), text: tickWords(value, axis.unit) }));
  if (zero) ticks.unshift({ at: zeroAt, text: tickWords(0, axis.unit) });
  return { place, words, ticks, min: (zero ? zeroAt : Math.log10(low)) - padding, max: Math.log10(high) + padding };
}

function logTicks(axis, low, high, room, values) {
  const own = distinct(values).sort((a, b) => a - b);
  if (['count', 'bytes'].includes(axis.unit) && own.length <= room) return own;
  const inside = (value) => value >= low / 1.02 && value <= high * 1.02;
  const binary = axis.unit.startsWith('bytes') || (axis.unit === 'count' && own.every(Number.isInteger) && high / low >= 4);
  for (const every of binary ? [1, 2, 3, 5, 10, 20] : []) {
    const ticks = powers(2 ** every, low, high).filter(inside);
    if (ticks.length <= room) return ticks.length > 1 ? ticks : evenly(low, high, room, axis.unit).filter((value) => value > 0);
  }
  if (axis.unit === 'ratio' && high / low >= 4) {  // a factor: by doublings, if there is room for them
    const ticks = powers(2, low, high).filter(inside);
    if (ticks.length <= room) return ticks;
  }
  const decades = powers(10, low / 10, high);
  for (const times of [[1, 2, 5], [1, 3]]) {
    const ticks = decades.flatMap((power) => times.map((factor) => power * factor)).filter(inside);
    if (ticks.length >= 3 && ticks.length <= room) return ticks;
  }
  for (const every of [1, 2, 3, 4]) {
    const ticks = powers(10 ** every, low, high).filter(inside);
    if (ticks.length >= 2 && ticks.length <= room) return ticks;
  }
  return evenly(low, high, Math.max(2, room - 1), axis.unit).filter((value) => value > 0);
}

function powers(base, low, high) {
  const made = [];
  for (let at = Math.floor(Math.log(low) / Math.log(base) + 1e-9); base ** at <= high * 1.02; at += 1) made.push(base ** at);
  return made;
}
