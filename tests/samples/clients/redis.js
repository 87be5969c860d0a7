// SPDX-License-Identifier: MIT
// The package redis (node-redis) against the cache server, in RESP2 and RESP3,
// used as its users do.
'use strict';
const assert = require('assert');
const { createClient } = require('redis');
const { start, file, event, run } = require('./server.js');

const quick = { reconnectStrategy: () => 50 };

async function connect(server, options = {}) {
  const client = createClient({
    socket: { port: server.port, host: '127.0.0.1', ...quick },
    ...options,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function with_client(options, test) {
  const server = await start(options);
  const client = await connect(server, options);
  try {
    await test(client, server);
  } finally {
    if (client.isOpen) await client.close();
    await server.stop();
  }
}

// The same in both versions of the protocol, by the types of the client.
async function reads_all(client) {
  assert.strictEqual(await client.ping(), 'PONG');
  assert.strictEqual(await client.get('country:DE'), 'Germany');
  assert.strictEqual(await client.get('nothing'), null);
  assert.deepStrictEqual(await client.mGet(['country:4', 'x']), [
    'Afghanistan',
    null,
  ]);
  const all = { ...(await client.hGetAll('country:DE')) };
  assert.strictEqual(all.name, 'Germany');
  assert.strictEqual(Object.keys(all).length, 6);
  assert.deepStrictEqual({ ...(await client.hGetAll('nothing')) }, {});
  assert.strictEqual(await client.type('countries'), 'string');
  assert.strictEqual(await client.strLen('country:DE'), 7);
  assert.strictEqual(await client.getRange('country:DE', 0, 2), 'Ger');
  assert.strictEqual(await client.ttl('nothing'), -2);
  assert.strictEqual(await client.hLen('country:DE'), 6);
  assert.match(await client.info('replication'), /role:master/);
  const settings = { ...(await client.configGet('data*')) };
  assert.deepStrictEqual(settings, { databases: '1' });
  assert.ok((await client.memoryUsage('country:DE')) > 0);
  assert.strictEqual(await client.commandCount(), 44);
  const listed = await client.clientList();
  assert.strictEqual(listed.length, 1);
  assert.strictEqual(listed[0].name, 'reader');
  assert.strictEqual((await client.clientInfo()).libName, 'node-redis');
}

run({
  async 'reads in RESP2'() {
    await with_client({ name: 'reader' }, reads_all);
  },

  async 'reads in RESP3'() {
    await with_client({ name: 'reader', RESP: 3 }, async (client) => {
      await reads_all(client);
      assert.strictEqual((await client.clientInfo()).resp, 3);
    });
  },

  async 'has all types of RESP3'() {
    await with_client({ RESP: 3 }, async (client) => {
      const typed = (type) => client.sendCommand(['DEBUG', 'PROTOCOL', type]);
      assert.strictEqual(await typed('double'), 3.141);
      assert.strictEqual(await typed('true'), true);
      assert.strictEqual(await typed('false'), false);
      assert.strictEqual(await typed('null'), null);
      assert.deepStrictEqual([...(await typed('set'))], [0, 1, 2]);
      assert.match(await typed('verbatim'), /^This is a verbatim\nstring$/);
      assert.match(await typed('push'), /^Some real reply/);
      const map = await typed('map');
      assert.deepStrictEqual({ ...map }, { 0: false, 1: true, 2: false });
    });
  },

  async 'pipelines what is called at once'() {
    await with_client({ RESP: 3 }, async (client) => {
      const asked = Array.from({ length: 1000 }, (_, i) =>
        i % 2 ? client.get('country:4') : client.hGet('country:DE', 'numeric'),
      );
      for (const [i, value] of (await Promise.all(asked)).entries())
        assert.strictEqual(value, i % 2 ? 'Afghanistan' : '276');
      const replies = await client
        .multi()
        .get('country:DE')
        .exists('country:DE')
        .execAsPipeline();
      assert.deepStrictEqual([...replies], ['Germany', 1]);
      await assert.rejects(client.multi().get('country:DE').exec(), /unknown/);
    });
  },

  async 'scans all keys'() {
    await with_client({}, async (client) => {
      const keys = new Set();
      for await (const part of client.scanIterator({ COUNT: 30 }))
        part.forEach((key) => keys.add(key));
      assert.strictEqual(keys.size, 250);
      const texts = [];
      for await (const part of client.scanIterator({ TYPE: 'string' }))
        texts.push(...part);
      assert.deepStrictEqual(texts, ['countries']);
    });
  },

  async 'writes are seen by others'() {
    await with_client({ RESP: 3 }, async (client, server) => {
      const other = await connect(server);
      assert.strictEqual(await other.get('country:999'), null);
      assert.strictEqual(await client.set('country:999', 'Nowhere'), 'OK');
      assert.strictEqual(await other.get('country:999'), 'Nowhere');
      const kept = await client.set('country:999', 'x', {
        condition: 'NX',
        GET: true,
      });
      assert.strictEqual(kept, 'Nowhere');
      assert.strictEqual(await client.hSet('country:999', { flag: 'f' }), 0);
      assert.strictEqual(await other.hGet('country:999', 'flag'), 'f');
      await assert.rejects(client.set('x', 'y'), /only keys country:NUMBER/);
      const expiring = client.set('country:999', 'x', {
        expiration: { type: 'EX', value: 10 },
      });
      await assert.rejects(expiring, /do not expire/);
      assert.strictEqual(await client.del(['country:999', 'country:998']), 1);
      assert.strictEqual(await other.get('country:999'), null);
      await other.close();
    });
  },

  async 'reconnects to a server that comes back'() {
    const first = await start();
    const client = await connect(first, { RESP: 3 });
    assert.strictEqual(await client.get('country:DE'), 'Germany');
    const lost = event(client, 'reconnecting');
    await first.stop();
    await lost;
    const waiting = client.get('country:4');
    const second = await start({ port: first.port });
    assert.strictEqual(await waiting, 'Afghanistan');
    await client.close();
    await second.stop();
  },

  async 'says its password'() {
    const options = ['--password-file', file('password', 'secret\n')];
    await with_client({ options, password: 'secret' }, async (_, server) => {
      const three = await connect(server, { password: 'secret', RESP: 3 });
      assert.strictEqual(await three.dbSize(), 249);
      await three.close();
      const wrong = createClient({
        socket: { port: server.port, reconnectStrategy: false },
        password: 'wrong',
        RESP: 3,
      });
      wrong.on('error', () => {});
      await assert.rejects(wrong.connect(), /WRONGPASS/);
    });
  },

  async 'ends the server'() {
    const server = await start();
    const client = await connect(server, {
      socket: { port: server.port, reconnectStrategy: false },
    });
    await assert.rejects(client.sendCommand(['SHUTDOWN', 'NOSAVE']));
    assert.strictEqual(await server.ended, 0);
  },
});
