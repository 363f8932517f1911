// Builds the bundle that the report's page holds: `npm ci && npm run build` here writes it, its licences and its manifest into
// scripts/mpmt/writers/page_parts/; `node build.mjs FOLDER` writes them into FOLDER. The same packages give the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.env.MPMT_PAGE_MODULES ?? join(here, 'node_modules'));
const folder = resolve(process.argv[2] ?? join(here, '..', 'mpmt', 'writers', 'page_parts'));
const { buildSync } = createRequire(join(modules, 'any.js'))('esbuild');
const kParts = ['echarts', 'zrender', 'tslib'];

const of = (part, file) => readFileSync(join(modules, part, file), 'utf8');
const versionOf = (part) => JSON.parse(of(part, 'package.json')).version;

const built = buildSync({
  stdin: { contents: readFileSync(join(here, 'entry.js'), 'utf8'), resolveDir: dirname(modules), sourcefile: 'entry.js' },
  nodePaths: [modules],
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'echarts',
  target: 'es2020',
  charset: 'ascii',
  define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false' },
  legalComments: 'none',
  banner: { js: `/* Apache ECharts ${versionOf('echarts')}, Apache-2.0; zrender, BSD-3-Clause; tslib, 0BSD: echarts.LICENSE.txt */` },
  write: false,
}).outputFiles[0].contents;

const licences = [of('echarts', 'NOTICE'), of('echarts', 'LICENSE'),
  ...['zrender', 'tslib'].map((part) => of(part, part === 'tslib' ? 'LICENSE.txt' : 'LICENSE'))];
const manifest = {
  packages: Object.fromEntries(kParts.map((part) => [part, versionOf(part)])),
  esbuild: versionOf('esbuild'),
  bytes: built.length,
  sha256: createHash('sha256').update(built).digest('hex'),
};
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'echarts.min.js'), built);
writeFileSync(join(folder, 'echarts.LICENSE.txt'), `${licences.map((text) => text.trim()).join(`\n\n${'='.repeat(78)}\n\n`)}\n`);
writeFileSync(join(folder, 'echarts.json'), `${JSON.stringify(manifest, null, 2)}\n`);
