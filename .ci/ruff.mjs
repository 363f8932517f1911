// Ruff, which Debian does not have, by its WebAssembly build from npm: `node .ci/ruff.mjs PACKAGES SETTINGS FILE...`
// PACKAGES: the folder that npm has installed it into; SETTINGS: the table [tool.ruff] of scripts/pyproject.toml, as JSON.
// Exit codes: 0 nothing found; 1 something was.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [packages, settings, ...files] = process.argv.slice(2);
const { PositionEncoding, Workspace } = createRequire(`${packages}/`)('@astral-sh/ruff-wasm-nodejs');
const table = JSON.parse(readFileSync(settings, 'utf8'));
const workspace = new Workspace(table, PositionEncoding.Utf32);
// Ruff itself looks these up by the file's name, which it is not told here. A pattern is a folder's: "tests/python/*".
const ignored = Object.entries(table.lint['per-file-ignores'] ?? {});

for (const file of files) {
  const codes = ignored.flatMap(([pattern, list]) => (file.startsWith(pattern.replace(/\*$/, '')) ? list : []));
  for (const { code, message, start_location: { row, column } } of workspace.check(readFileSync(file, 'utf8'))) {
    if (codes.includes(code)) continue;
    console.log(`${file}:${row}:${column}: error: ${code} ${message}`);
    process.exitCode = 1;
  }
}
