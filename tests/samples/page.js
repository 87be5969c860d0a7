// SPDX-License-Identifier: MIT
// page.js SERVER CSV [OUT]
// The server's page in headless Chromium, driven by chromedriver: the search
// finds the right rows, the plots move under load, nothing is complained of and
// nothing is fetched from elsewhere. With OUT, pictures of it go to that folder.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const [server, csv, out] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vt-page-'));
const children = [];
const PATIENCE_MS = 60000;

function check(good, what) {
  if (!good) throw new Error(what);
}

// Starts a program; gives what the pattern finds in its output.
function start(program, args, pattern) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', data => {
      text += data;
      const found = pattern.exec(text);
      if (found) resolve(found);
    });
    child.on('error', reject);
    child.on('exit', code => reject(new Error(program + ' ended: ' + code)));
  });
}

async function stop() {
  for (const child of children.reverse()) {
    if (child.exitCode !== null) continue;
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

// ---- chromedriver ----

let driver, session;

async function call(method, name, body) {
  const r = await fetch(driver + name, { method, body: body && JSON.stringify(body) });
  const { value } = await r.json();
  if (value && value.error) throw new Error(name + ': ' + value.message);
  return value;
}

const ask = (method, name, body) => call(method, session + name, body);
const run = script => ask('POST', '/execute/sync', { script, args: [] });

async function open(width, height, dark) {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--hide-scrollbars',
    '--user-data-dir=' + fs.mkdtempSync(path.join(folder, 'user-'))];
  const value = await call('POST', '/session', { capabilities: { alwaysMatch: {
    browserName: 'chrome',
    'goog:chromeOptions': { args },
    'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
  } } });
  session = '/session/' + value.sessionId;
  await ask('POST', '/goog/cdp/execute', { cmd: 'Emulation.setDeviceMetricsOverride',
    params: { width, height, deviceScaleFactor: 1, mobile: false } });
  await ask('POST', '/goog/cdp/execute', { cmd: 'Emulation.setEmulatedMedia',
    params: { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] } });
}

// Waits until a script gives true.
async function until(script, what) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    if (await run('return ' + script)) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error('never: ' + what);
}

async function type(text) {
  const element = await ask('POST', '/element', { using: 'css selector', value: '#q' });
  const id = Object.values(element)[0];
  await ask('POST', '/element/' + id + '/value', { text });
}

async function picture(name) {
  const data = await ask('GET', '/screenshot');
  if (out) fs.writeFileSync(path.join(out, name), Buffer.from(data, 'base64'));
}

// ---- load ----

// Asks and reloads until it is stopped.
function load(http, resp) {
  let over = false;
  const work = (async () => {
    for (let i = 1; !over; i++) {
      const some = Array.from({ length: 20 + i * 7 % 60 }, (_, n) => fetch(http + '/countries/' + (n * 4 + 4)).then(r => r.text()));
      await Promise.all(some);
      if (i % 40 === 0) await flush(resp);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  })();
  return async () => {
    over = true;
    await work;
  };
}

function flush(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('FLUSHALL\r\n'));
    socket.on('data', () => socket.end());
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

// ---- what is looked at ----

const NAMES = "Array.from(document.querySelectorAll('#rows td:nth-child(2)'), e => e.textContent)";
const shape = id => `document.querySelector('#${id} path:last-child').getAttribute('d') || ''`;

async function searchFinds() {
  await until(`${NAMES}.length === 249`, 'all countries');
  await run("document.dispatchEvent(new KeyboardEvent('keydown', { key: '/', cancelable: true }))");
  check(await run("return document.activeElement.id === 'q'"), 'a slash goes to the search');
  await type('de');
  await until(`${NAMES}[0] === 'Germany' && ${NAMES}.length === 24`, 'the rows of de');
  check(await run("return document.querySelector('#rows mark').textContent.toLowerCase() === 'de'"), 'a mark');
  check(await run("return document.getElementById('found').textContent === '24 countries'"), 'the count');
  await type('nmark');
  await until(`${NAMES}.join() === 'Denmark'`, 'the row of denmark');
  await type('<b>');
  await until("document.querySelector('#rows .none') !== null", 'no row');
  check(await run("return document.querySelector('#rows b') === null"), 'no markup of ours');
  await run("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))");
  await until(`${NAMES}.length === 249`, 'all countries again');
}

async function plotsMove(http, resp) {
  const end = load(http, resp);
  for (const id of ['hits', 'requests', 'loads']) {
    const before = await run('return ' + shape(id));
    await until(`(${shape(id)}).length > ${before.length} + 20`, id + ' move');
    check(await run(`return /[0-9]/.test(document.getElementById('${id}').getAttribute('aria-label'))`), id + ' have a label');
  }
  if (out) await new Promise(resolve => setTimeout(resolve, 90000));
  await run("document.getElementById('q').value = 'united'; document.getElementById('q').dispatchEvent(new Event('input'))");
  await until(`${NAMES}[0] === 'United Arab Emirates'`, 'the rows of united');
  await picture('page.png');
  await end();
}

async function nothingIsWrong(http) {
  const log = await ask('POST', '/se/log', { type: 'browser' });
  check(log.length === 0, 'the console says ' + JSON.stringify(log));
  const events = (await ask('POST', '/se/log', { type: 'performance' })).map(e => JSON.parse(e.message).message);
  const urls = events.filter(e => e.method === 'Network.requestWillBeSent' && !e.params.documentURL.startsWith('chrome:')).map(e => e.params.request.url);
  const outside = urls.filter(url => !url.startsWith(http + '/') && !url.startsWith('data:'));
  check(urls.length > 2 && outside.length === 0, 'fetched from elsewhere: ' + outside);
}

async function fits(width) {
  check(await run('return document.documentElement.scrollWidth <= ' + width), 'the page is too wide for ' + width);
}

async function main() {
  const db = path.join(folder, 'c.db');
  const ports = await start(server, ['--db', db, '--import', csv, '--port', '0', '--http-port', '0'],
    /listening on \S*:(\d+)[^]*http on \S*:(\d+)/);
  const http = 'http://127.0.0.1:' + ports[2];
  driver = 'http://127.0.0.1:' + (await start('chromedriver', ['--port=0'], /successfully on port (\d+)/))[1];
  await open(1200, 900, false);
  await ask('POST', '/url', { url: http + '/' });
  await searchFinds();
  await plotsMove(http, Number(ports[1]));
  await fits(1200);
  await nothingIsWrong(http);
  await ask('DELETE', '');
  await open(400, 860, true);
  await ask('POST', '/url', { url: http + '/' });
  await until(`${NAMES}.length === 249`, 'all countries on a phone');
  await new Promise(resolve => setTimeout(resolve, out ? 4000 : 0));
  await fits(400);
  await picture('page-narrow.png');
  await nothingIsWrong(http);
  await ask('DELETE', '');
}

main().catch(async e => {
  console.error(e.message);
  process.exitCode = 1;
  if (session) await ask('DELETE', '').catch(() => {});
}).then(stop).finally(() => {
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit();
});
