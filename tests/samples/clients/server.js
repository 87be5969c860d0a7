// SPDX-License-Identifier: MIT
// The cache server as a child of a client's test, and a few words for tests.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const [program, csv] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vt-clients-'));
const database = path.join(folder, 'countries.db');
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

// Starts a server; port 0 takes a free one. Gives { port, ended, stop() }: the
// exit status to come, and how to end it well.
async function start({ port = 0, options = [] } = {}) {
  const arguments_ = ['--port', String(port), '--db', database, ...options];
  if (!fs.existsSync(database)) arguments_.push('--import', csv);
  const child = spawn(program, arguments_, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  running.add(child);
  child.once('exit', () => running.delete(child));
  const line = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (part) => {
      text += part;
      if (text.includes('\n')) resolve(text);
    });
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  return {
    port: Number(/:(\d+)\n/.exec(line)[1]),
    ended,
    async stop() {
      child.kill('SIGTERM');
      const status = await ended;
      if (status !== 0) throw new Error(`the server ended with ${status}`);
    },
  };
}

// A file in the folder that goes at the end.
function file(name, text) {
  const full = path.join(folder, name);
  fs.writeFileSync(full, text);
  return full;
}

// An event, whatever errors come before it.
function event(emitter, name) {
  return new Promise((resolve) => emitter.once(name, resolve));
}

// Runs the cases one after the other; the process fails with the first, also
// when it ends while one still waits.
async function run(cases) {
  process.exitCode = 1;
  for (const [name, test] of Object.entries(cases)) {
    await test();
    console.log(`ok ${name}`);
  }
  process.exitCode = 0;
}

module.exports = { start, file, event, run };
