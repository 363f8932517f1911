// What is chosen and what is open, as the address has it: #<view>[/<panel>][?<key>=<value>&…].

const address = { target: '', values: new URLSearchParams() };

function readAddress() {
  const text = location.hash.slice(1);
  const at = text.indexOf('?');
  address.target = decoded(at < 0 ? text : text.slice(0, at));
  if (at >= 0) address.values = new URLSearchParams(text.slice(at + 1));
  else if (!text) address.values = new URLSearchParams();
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

// An empty value is left out.
function writeAddress(values) {
  for (const [key, value] of Object.entries(values)) {
    if (value) address.values.set(key, value);
    else address.values.delete(key);
  }
  const query = address.values.toString();
  const hash = `#${encodeURI(address.target)}${query ? `?${query}` : ''}`;
  if (hash === (location.hash || '#')) return;
  history.replaceState(null, '', hash);
}
