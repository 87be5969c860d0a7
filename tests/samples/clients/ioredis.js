// SPDX-License-Identifier: MIT
// ioredis against the cache server, used as its users do.
'use strict';
const assert = require('assert');
const Redis = require('ioredis');
const { start, file, event, run } = require('./server.js');

const quick = { retryStrategy: () => 50, maxRetriesPerRequest: null };

async function with_client(options, test) {
  const server = await start(options);
  const redis = new Redis(server.port, '127.0.0.1', options);
  try {
    await test(redis, server);
  } finally {
    await redis.quit().catch(() => {});
    await server.stop();
  }
}

run({
  async 'reads texts and hashes'() {
    await with_client({ connectionName: 'reader' }, async (redis) => {
      assert.strictEqual(await redis.ping(), 'PONG');
      assert.strictEqual(await redis.get('country:DE'), 'Germany');
      assert.strictEqual(await redis.get('country:nothing'), null);
      const bytes = await redis.getBuffer('country:AX');
      assert.strictEqual(bytes.toString(), 'Åland Islands');
      const names = await redis.mget('country:4', 'x', 'country:276');
      assert.deepStrictEqual(names, ['Afghanistan', null, 'Germany']);
      const all = await redis.hgetall('country:DE');
      assert.strictEqual(all.alpha_3, 'DEU');
      assert.deepStrictEqual(await redis.hmget('country:DE', 'numeric', 'x'), [
        '276',
        null,
      ]);
      assert.strictEqual(await redis.type('country:DE'), 'hash');
      assert.strictEqual(await redis.ttl('country:DE'), -1);
      assert.strictEqual(await redis.client('GETNAME'), 'reader');
      const whole = JSON.parse(await redis.get('countries'));
      assert.strictEqual(whole['276'], 'Germany');
      assert.match(await redis.info('server'), /server_name:vt-cache-server/);
    });
  },

  async 'pipelines in order'() {
    await with_client({}, async (redis) => {
      const pipeline = redis.pipeline();
      for (let i = 0; i < 1000; i++)
        pipeline.get('country:276').hget('country:DE', 'numeric').call('fly');
      for (const [i, [error, value]] of (await pipeline.exec()).entries()) {
        if (i % 3 === 0) assert.strictEqual(value, 'Germany');
        if (i % 3 === 1) assert.strictEqual(value, '276');
        if (i % 3 === 2) assert.match(error.message, /^ERR unknown command/);
      }
    });
  },

  async 'pipelines what is called at once'() {
    await with_client({ enableAutoPipelining: true }, async (redis) => {
      const asked = Array.from({ length: 500 }, () => redis.get('country:4'));
      for (const name of await Promise.all(asked))
        assert.strictEqual(name, 'Afghanistan');
    });
  },

  async 'scans all keys'() {
    await with_client({}, async (redis) => {
      const keys = new Set();
      for await (const part of redis.scanStream({ count: 20 }))
        part.forEach((key) => keys.add(key));
      assert.strictEqual(keys.size, 250);
      const some = [];
      const stream = redis.scanStream({ match: 'country:27*', type: 'hash' });
      for await (const part of stream) some.push(...part);
      assert.deepStrictEqual(some.sort(), [
        'country:270',
        'country:275',
        'country:276',
      ]);
    });
  },

  async 'writes are seen by others'() {
    await with_client({}, async (redis, server) => {
      const other = new Redis(server.port);
      assert.strictEqual(await other.get('country:999'), null);
      assert.strictEqual(await redis.set('country:999', 'Nowhere'), 'OK');
      assert.strictEqual(await other.get('country:999'), 'Nowhere');
      assert.strictEqual(await redis.set('country:999', 'x', 'NX'), null);
      assert.strictEqual(await redis.hset('country:999', { flag: 'f' }), 0);
      assert.strictEqual(await other.hget('country:999', 'flag'), 'f');
      await assert.rejects(redis.set('x', 'y'), /only keys country:NUMBER/);
      await assert.rejects(redis.setex('country:999', 9, 'x'), /unknown/);
      assert.strictEqual(await redis.del('country:999', 'country:998'), 1);
      assert.strictEqual(await other.exists('country:999'), 0);
      await other.quit();
    });
  },

  async 'reconnects to a server that comes back'() {
    const first = await start();
    const redis = new Redis({ port: first.port, ...quick });
    redis.on('error', () => {});
    assert.strictEqual(await redis.get('country:DE'), 'Germany');
    const closed = event(redis, 'close');
    await first.stop();
    await closed;
    const waiting = redis.get('country:4');
    const second = await start({ port: first.port });
    assert.strictEqual(await waiting, 'Afghanistan');
    await redis.quit();
    await second.stop();
  },

  async 'says its password'() {
    const options = ['--password-file', file('password', 'secret\n')];
    await with_client({ options, password: 'secret' }, async (redis, server) => {
      assert.strictEqual(await redis.get('country:DE'), 'Germany');
      const named = new Redis({
        port: server.port,
        username: 'default',
        password: 'secret',
      });
      assert.strictEqual(await named.dbsize(), 249);
      await named.quit();
      const stranger = new Redis({ port: server.port, ...quick });
      stranger.on('error', () => {});
      await assert.rejects(stranger.get('country:DE'), /NOAUTH/);
      stranger.disconnect();
    });
  },

  async 'ends connections by name'() {
    await with_client({}, async (redis, server) => {
      const other = new Redis({ port: server.port, retryStrategy: null });
      const id = await other.client('ID');
      assert.match(await redis.client('LIST'), new RegExp(`^id=${id} `, 'm'));
      const ended = event(other, 'end');
      assert.strictEqual(await redis.client('KILL', 'ID', id), 1);
      await ended;
    });
  },
});
