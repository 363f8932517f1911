// How a series looks: its colour says what it belongs to, its marker the channel, its dashes what it is once more.

const kPalettes = {
  light: {
    threads: '#0072B2', processes: '#D55E00', baseline: '#6b6b6b', floor: '#8a8a8a', ideal: '#9a9a9a',
    programs: ['#009E73', '#B3578F', '#A87200', '#2B88BD', '#333333'],
    text: '#1d2430', dim: '#566070', line: '#d5dae1', surface: '#ffffff',
  },
  dark: {
    threads: '#56B4F5', processes: '#FF9248', baseline: '#a8b0bb', floor: '#8d96a3', ideal: '#8d96a3',
    programs: ['#35C99B', '#E79BC9', '#F0C043', '#9AD7FF', '#e6e6e6'],
    text: '#e8ecf2', dim: '#a9b4c2', line: '#39424f', surface: '#1a212b',
  },
};

// In a box of 10 by 10.
const kMarkers = {
  circle: 'M5 0A5 5 0 1 1 5 10A5 5 0 1 1 5 0Z', square: 'M.5 .5H9.5V9.5H.5Z', up: 'M5 0L10 9.5H0Z', diamond: 'M5 0L10 5L5 10L0 5Z',
  down: 'M0 .5H10L5 10Z', plus: 'M3.4 0H6.6V3.4H10V6.6H6.6V10H3.4V6.6H0V3.4H3.4Z',
  cross: 'M0 2.2L2.2 0L5 2.8L7.8 0L10 2.2L7.2 5L10 7.8L7.8 10L5 7.2L2.2 10L0 7.8L2.8 5Z',
  star: 'M5 0L6.3 3.4L10 3.8L7.2 6.2L8.1 10L5 7.9L1.9 10L2.8 6.2L0 3.8L3.7 3.4Z', pentagon: 'M5 0L10 3.8L8.1 10H1.9L0 3.8Z',
  hexagon: 'M2.5 0H7.5L10 5L7.5 10H2.5L0 5Z', left: 'M0 5L9.5 0V10Z', right: 'M.5 0L10 5L.5 10Z',
};
const kChannels = new Map(Object.entries({
  shm_ring: 'circle', shm_arena: 'square', eventfd_ring: 'up', by_reference: 'diamond', boost_queue: 'down', boost_condition: 'plus',
  pipe: 'cross', unix_stream: 'star', unix_seqpacket: 'pentagon', tcp_loopback: 'hexagon', posix_queue: 'left',
}));
const kDashes = { processes: [7, 3], floor: [2, 3, 7, 3], ideal: [2, 4], baseline: [1, 0] };
const kMarkWords = {
  unstable: 'hollow: unstable', undecided: 'hollow: undecided', 'few rounds': 'small: few rounds', oversubscribed: 'faded: more workers than CPUs',
};

function colourOf(series, palette) {
  if (series.side === 'program') return palette.programs[series.number % palette.programs.length];
  return palette[series.side] ?? palette.dim;
}

// Series of a panel that would look alike: those of one channel differ in their dashes, others in their markers.
function tellApart(panel) {
  const seen = new Map();
  for (const series of panel.series) {
    const look = [series.side, series.number, series.channel].join(' ');
    series.twin = seen.get(look) ?? 0;
    seen.set(look, series.twin + 1);
  }
}

function markerOf(series) {
  if (!series.channel) return kMarkers[Object.keys(kMarkers)[series.twin % Object.keys(kMarkers).length]];
  const names = Object.keys(kMarkers);
  // A channel that is new here has one of its own all the same, and always the same.
  const hashed = [...series.channel].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7);
  return kMarkers[kChannels.get(series.channel) ?? names[hashed % names.length]];
}

// Of several records side by side the first has a side's own dashes.
function dashOf(series) {
  if (series.channel && series.twin) return [[1, 3], [12, 3, 2, 3], [3, 3]][(series.twin - 1) % 3];
  if (series.side !== 'program' && series.number > 0) return [[12, 3, 2, 3], [3, 3], [12, 3, 2, 3, 2, 3]][(series.number - 1) % 3];
  if (series.side === 'program') return [null, [7, 3], [2, 3], [12, 3, 2, 3]][series.number % 4];
  return kDashes[series.side] ?? null;
}

function formOf(marks, colour, palette) {
  const hollow = marks.includes('unstable') || marks.includes('undecided');
  return {
    scale: marks.includes('few rounds') ? 0.65 : 1,
    style: {
      color: hollow ? palette.surface : colour, borderColor: colour, borderWidth: hollow ? 2 : 0,
      opacity: marks.includes('oversubscribed') ? 0.5 : 1,
    },
  };
}

// Of a legend, as SVG; holds numbers and colours of ours only.
function swatch(series, palette) {
  const colour = colourOf(series, palette);
  const dash = dashOf(series);
  const line = series.line ? `<path d="M0 6H30" stroke="${colour}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}/>` : '';
  // As its points are, where all are alike.
  const shared = (series.points[0]?.[5] ?? []).filter((mark) => series.points.every((point) => point[5]?.includes(mark)));
  const { style } = formOf(shared, colour, palette);
  const form = `fill="${style.color}" stroke="${style.borderColor}" stroke-width="${style.borderWidth}" opacity="${style.opacity}"`;
  const marker = series.side === 'ideal' ? '' : `<path transform="translate(10.5 1.5) scale(.9)" d="${markerOf(series)}" ${form}/>`;
  return `${line}${marker}`;
}

function mixed(from, to, share) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  return `#${[1, 3, 5].map((at) => Math.round(part(from, at) + (part(to, at) - part(from, at)) * share).toString(16).padStart(2, '0')).join('')}`;
}

function readableOn(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? '#10151c' : '#ffffff';
}
