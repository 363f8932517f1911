// Opens pages in Chromium for tests/python/browser.py: `node page_browser.mjs MODULES CHROMIUM`. One request a line of standard
// input, as JSON; one answer a line of standard output: {"value": …} or {"error": …}. Ends with its input.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/any.js`);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const browser = await require('puppeteer-core').launch({
  executablePath, headless: true, args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'], protocolTimeout: 60_000,
});
let context = null;
let page = null;
let said = { requests: [], complaints: [] };

const kReady = `new Promise((resolve) => {
  const root = document.documentElement;
  const look = () => (root.dataset.ready === '1' ? resolve() : undefined);
  new MutationObserver(look).observe(root, { attributes: true });
  look();
})`;

// A page of its own, which knows nothing that another stored, and what it asks for and complains of from now on.
async function open({ url, width = 1200, height = 900, scheme = 'light', script = true, motion = 'no-preference' }) {
  await context?.close();
  context = await browser.createBrowserContext();
  page = await context.newPage();
  said = { requests: [], complaints: [] };
  const [now, held] = [page, said];
  now.on('request', (request) => held.requests.push(request.url().slice(0, 200)));
  now.on('console', (message) => {
    if (['error', 'warn', 'issue'].includes(message.type())) held.complaints.push(`${message.type()}: ${message.text()}`);
  });
  now.on('pageerror', (error) => held.complaints.push(`pageerror: ${error.message}`));
  now.on('dialog', (dialog) => {
    held.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await now.setJavaScriptEnabled(script);
  await now.setViewport({ width, height });
  await now.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: motion }]);
  const began = performance.now();
  await now.goto(url, { waitUntil: 'domcontentloaded', timeout: 60_000 });
  if (script) await now.evaluate(kReady);
  return performance.now() - began;
}

// By another world than the page's: its Content-Security-Policy does not hold there, and stays as it is in the page.
async function accessibility() {
  const session = await page.createCDPSession();
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate',
      { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await evaluate(axe);
  return evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) =>
    id + ': ' + nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary).join(' | ')))`);
}

const requests = {
  open,
  said: async () => said,
  evaluate: ({ expression }) => page.evaluate(expression),
  press: ({ key }) => page.keyboard.press(key),
  resize: async ({ width, height = 900 }) => page.setViewport({ width, height }),
  screenshot: async ({ path, whole = true }) => { await page.screenshot({ path, fullPage: whole }); },
  pdf: async ({ path }) => { await page.pdf({ path, format: 'A4' }); },
  accessibility,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { request, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await requests[request](values)) ?? null };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
